// Show and hide a password. The button appears only where this script runs; on submit the field is a password again.
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
