// The button that tries the typed Prometheus connection: sends the form, shows the answer.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector("[data-test]");
  if (!button) return;
  const report = document.querySelector("[data-test-report]");
  const form = document.getElementById(button.dataset.form);

  button.addEventListener("click", async () => {
    button.disabled = true;
    report.textContent = button.dataset.wait;
    try {
      const answer = await fetch(button.dataset.test, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      report.innerHTML = await answer.text();
    } catch (error) {
      report.textContent = button.dataset.failed;
    } finally {
      button.disabled = false;
      report.scrollIntoView({ block: "center" });
    }
  });
});
