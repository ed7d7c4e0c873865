// Takes the code out of a text message where the browser offers it (WebOTP), after the person agreed to it there.
const form = document.querySelector("form[data-otp]");

if (form && "OTPCredential" in window) {
  const waiting = new AbortController();
  form.addEventListener("submit", () => waiting.abort());
  navigator.credentials
    .get({ otp: { transport: ["sms"] }, signal: waiting.signal })
    .then((message) => {
      form.elements.code.value = message.code;
      form.requestSubmit();
    })
    .catch(() => {}); // refused, timed out or typed by hand: the field and its button are there
}
