// Sends a long list, shows how far its writing is, and puts the answer in place.
// Without this script the same form posts plainly and the answer is the whole page.
"use strict";

(() => {
  const root = document.querySelector("[data-mass]");
  if (!root || !window.fetch || !window.ReadableStream) return;

  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form")) return;
    const data = new FormData(form);
    if (sizeOf(data) > Number(root.dataset.limit)) {
      event.preventDefault();
      fail(form, root.dataset.tooLarge);
    } else if (form.matches("[data-watched]")) {
      event.preventDefault();
      send(form, data);
    }
  });

  async function send(form, data) {
    busy(form, true);
    tell(form, root.dataset.sending, null);
    let html = null;
    try {
      const answer = await fetch(form.action || location.href, {
        method: "POST",
        body: data,
        headers: { Accept: "application/x-ndjson" },
      });
      const known = (answer.headers.get("Content-Type") || "").startsWith("application/x-ndjson");
      if (!known && (answer.ok && !answer.redirected)) {
        html = bodyOf(await answer.text());
      } else if (!known) {
        return refuse(form, root.dataset.refused.replace("{status}", answer.status));
      } else {
        for await (const line of linesOf(answer.body)) {
          if (line.error) return refuse(form, line.error);
          if (line.html !== undefined) html = line.html;
          else step(form, line);
        }
      }
    } catch {
      html = null;
    }
    if (html === null) return refuse(form, root.dataset.lost);
    root.innerHTML = html;
    window.scrollTo(0, 0);
  }

  // A form with a mistake comes back as a whole page.
  function bodyOf(text) {
    const found = new DOMParser().parseFromString(text, "text/html").querySelector("[data-mass]");
    return found ? found.innerHTML : null;
  }

  async function* linesOf(stream) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) yield JSON.parse(line);
    }
  }

  function sizeOf(data) {
    let size = 0;
    for (const [, value] of data) {
      size += typeof value === "string" ? new Blob([value]).size : value.size;
    }
    return size;
  }

  function step(form, { done, total }) {
    const numbers = { "{done}": done, "{total}": total };
    const words = done < total ? root.dataset.progress : root.dataset.finishing;
    tell(form, words.replace(/\{\w+\}/g, (name) => numbers[name].toLocaleString(document.documentElement.lang || undefined)), done / total);
  }

  function tell(form, words, share) {
    const bar = form.querySelector("[data-bar]");
    bar.hidden = false;
    bar.classList.remove("mass-failed");
    bar.classList.toggle("mass-waiting", share === null);
    bar.querySelector("[data-words]").textContent = words;
    bar.querySelector("[data-fill]").style.width = share === null ? "" : `${100 * share}%`;
  }

  function refuse(form, words) {
    busy(form, false);
    fail(form, words);
  }

  function fail(form, words) {
    tell(form, words, 0);
    form.querySelector("[data-bar]").classList.add("mass-failed");
  }

  function busy(form, on) {
    for (const button of form.querySelectorAll("button")) button.disabled = on;
    form.classList.toggle("mass-busy", on);
  }
})();
