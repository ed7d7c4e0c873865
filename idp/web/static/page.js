// Small comforts of every page: copy buttons, a waiting time that counts down, and no stale page from the back button.
for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("[data-label]");
  const before = label.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(plainText(source));
    label.textContent = button.dataset.done;
    setTimeout(() => (label.textContent = before), 2000);
  });
  button.hidden = !navigator.clipboard;
}

// A list of details becomes one line each; anything else is its text.
function plainText(source) {
  const lines = [...source.querySelectorAll("dt")].map((term) => `${term.textContent} ${term.nextElementSibling.textContent}`);
  return lines.length ? lines.join("\n") : source.textContent;
}

for (const note of document.querySelectorAll("[data-countdown]")) {
  const count = note.querySelector("[data-count]");
  const end = performance.now() + Number(note.dataset.countdown) * 1000;
  const timer = setInterval(() => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left <= 0) {
      clearInterval(timer);
      note.textContent = note.dataset.over;
    } else if (left <= 60) {
      count.textContent = left === 1 ? "1 second" : `${left} seconds`;
    }
  }, 1000);
}

// A page that the browser kept for its back button shows a step that may be over.
addEventListener("pageshow", (event) => event.persisted && location.reload());
