// Show and hide a password. The button appears only where this script runs; on submit the field is a password again.
// And say while a new one is typed whether it is long enough: the server judges the rest.
for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  const word = button.querySelector(".reveal-word");
  const label = button.querySelector("[data-label]");
  const status = button.parentElement.querySelector("[data-reveal-status]");

  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    label.textContent = shown ? button.dataset.hide : button.dataset.show;
    word.textContent = label.textContent.split(" ")[0];
  };

  button.addEventListener("click", () => {
    const shown = field.type === "password";
    show(shown);
    status.textContent = shown ? status.dataset.shown : status.dataset.hidden;
    field.focus();
  });
  field.form.addEventListener("submit", () => show(false));
  button.hidden = false;
}

for (const advice of document.querySelectorAll("[data-shortest]")) {
  const field = document.getElementById(advice.dataset.field);
  const soFar = advice.querySelector(".so-far");

  field.addEventListener("input", () => {
    const length = [...field.value].length;
    const enough = length >= Number(advice.dataset.shortest);
    // Said once when it changes, not at every key: it is read aloud.
    const words = length === 0 ? "" : enough ? ": long enough" : ": too short so far";
    if (soFar.textContent !== words) soFar.textContent = words;
    advice.classList.toggle("met", enough);
  });
}
