// The buttons that have a vendor asked: send the form, show the answer, keep the page and what
// was typed. Without this script the same buttons load a page with the answer.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const section = document.querySelector("[data-question]");
  if (!section) return;
  const button = section.querySelector("button[type=submit]");
  const place = section.querySelector("[data-answer]");
  const form = document.getElementById(section.dataset.form);
  if (!button || !form) return;
  // Enter in a field means the form's own button, which stands behind this one.
  button.type = "button";

  const clear = () => {
    form.ownerDocument.querySelectorAll(".rm-mend").forEach((note) => note.remove());
    form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
  };
  const note = (problem) => {
    const field = document.getElementById(problem.dataset.problem);
    if (!field) return;
    const text = document.createElement("p");
    text.className = "rm-mend";
    text.textContent = problem.lastElementChild.textContent;
    field.setAttribute("aria-invalid", "true");
    field.after(text);
  };

  button.addEventListener("click", async () => {
    button.disabled = true;
    place.textContent = section.dataset.wait;
    clear();
    const values = new FormData(form);
    if (button.name) values.append(button.name, button.value);
    try {
      const answer = await fetch(section.dataset.address || location.pathname + location.search, {
        method: "POST", body: values, credentials: "same-origin", headers: { "X-Remosa-Fragment": "1" },
      });
      if (!answer.headers.has("X-Remosa-Live")) throw new Error(answer.status);
      place.innerHTML = await answer.text();
      place.querySelectorAll("[data-problem]").forEach(note);
    } catch (error) {
      place.textContent = section.dataset.failed;
    } finally {
      button.disabled = false;
      place.scrollIntoView({ block: "nearest" });
    }
  });

  // The MAC is asked for only where each device is asked about by itself.
  section.querySelectorAll("[data-when]").forEach((label) => {
    const when = Object.entries(JSON.parse(label.dataset.when));
    const settle = () => {
      label.hidden = !when.some(([name, values]) => values.includes(form.elements[name]?.value));
    };
    form.addEventListener("change", settle);
    settle();
  });
});
