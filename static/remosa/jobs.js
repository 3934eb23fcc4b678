// The form of a job: rows come and go, and the panel beside it follows what is typed.
// The page works without it: every button is an ordinary one.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-look]");
  const panel = document.querySelector("[data-look-panel]");
  if (!form || !panel) return;
  // What they show depends on what was chosen in them: the server draws their rows anew.
  const redraws = /^(conditions-\d+-(metric|function)|rungs-\d+-what)$/;
  let timer = 0;
  let looking = null;
  let drawing = Promise.resolve();

  async function ask(values, signal) {
    const body = new FormData(form);
    for (const [name, value] of Object.entries(values)) body.set(name, value);
    const answer = await fetch(form.dataset.look, { method: "POST", body, signal, credentials: "same-origin" });
    if (!answer.ok || !answer.headers.has("X-Remosa-Look")) throw new Error(answer.status);
    return answer.text();
  }

  async function look() {
    clearTimeout(timer);
    if (looking) looking.abort();
    const mine = new AbortController();
    looking = mine;
    panel.setAttribute("aria-busy", "true");
    try {
      panel.innerHTML = await ask({}, mine.signal);
      const name = panel.querySelector("[data-automatic-name]");
      const own = form.elements.namedItem("own_name");
      if (own) own.placeholder = name ? name.textContent : "";
    } catch (error) {
      if (looking !== mine) return;
      panel.textContent = "";
      const text = document.createElement("p");
      text.className = "rm-body rm-mend";
      text.textContent = panel.dataset.failed;
      panel.append(text);
    } finally {
      if (looking === mine) panel.removeAttribute("aria-busy");
    }
  }

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(look, 700);
  };

  async function redraw(place, values) {
    const focused = document.activeElement?.id;
    const html = await ask({ ...values, part: place.dataset.part });
    place.innerHTML = html;
    const rows = place.querySelectorAll("fieldset");
    const next = values._more
      ? rows[rows.length - 1]?.querySelector("select, input")
      : (focused && document.getElementById(focused)) || place.querySelector("button[name=_more]");
    next?.focus({ preventScroll: true });
    soon();
  }

  // One after the other: each sends the rows as the one before left them.
  const draw = (place, values, otherwise) => {
    drawing = drawing.then(() => redraw(place, values)).catch(otherwise);
  };

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=_more], button[name=_less]");
    const place = button?.closest("[data-part]");
    if (!place) return;
    event.preventDefault();
    draw(place, { [button.name]: button.value }, () => form.requestSubmit(button));
  });

  const changed = (event) => {
    const place = event.target.closest?.("[data-part]");
    if (place && redraws.test(event.target.name)) draw(place, {}, () => {});
    else soon();
  };
  form.addEventListener("input", soon);
  // The boxes that look for rows tell of their changes by jQuery alone.
  if (window.django?.jQuery) window.django.jQuery(form).on("change", changed);
  else form.addEventListener("change", changed);

  document.querySelectorAll("button[name=_look]").forEach((button) => {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      look();
    });
  });
  look();
});
