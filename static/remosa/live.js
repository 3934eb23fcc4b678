// Keeps the part of a page that shows live states fresh: fetches it as HTML and puts it in place.
// The page works without it: the form and all links are ordinary ones.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const live = document.querySelector("[data-live]");
  if (!live) return;
  const form = document.querySelector("form[data-live-form]");
  const clock = document.querySelector("[data-live-clock]");
  const every = Number(live.dataset.every || 10) * 1000;
  const longest = 60000;
  let timer = 0;
  let failures = 0;
  let running = null;
  let over = false;
  let address = new URL(live.dataset.live, location.href);

  // The clock stays the same element, so that screen readers hear its changes.
  const settle = () => {
    const place = live.querySelector("[data-live-clock-place]");
    if (clock && place) place.append(clock);
  };
  const say = (text, late) => {
    if (!clock) return;
    clock.querySelector("[data-text]").textContent = text;
    clock.classList.toggle("rm-late", late);
  };
  // In the zone of the page, as every other time on it; its name beside it tells which one.
  const timeOf = (date) => date.toLocaleTimeString(document.documentElement.lang || undefined, {
    timeZone: clock?.dataset.zone || undefined,
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  });
  let refreshed = timeOf(new Date());
  say(clock ? clock.dataset.fresh.replace("{time}", refreshed) : "", false);
  settle();

  const plan = () => {
    clearTimeout(timer);
    if (document.hidden || over) return;
    timer = setTimeout(refresh, Math.min(every * 2 ** failures, longest));
  };

  const someoneReads = () => {
    const selection = document.getSelection();
    return Boolean(selection && !selection.isCollapsed && live.contains(selection.anchorNode));
  };

  async function refresh(asked) {
    if (!asked && someoneReads()) return plan();
    if (running) running.abort();
    const mine = new AbortController();
    running = mine;
    const expired = setTimeout(() => mine.abort(), 20000);
    if (asked) live.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { signal: mine.signal, credentials: "same-origin", cache: "no-store" });
      if (answer.redirected || !answer.headers.has("X-Remosa-Live")) {
        say(clock ? clock.dataset.signedOut : "", true);
        return;
      }
      const html = await answer.text();
      const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
      live.innerHTML = html;
      settle();
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
      failures = 0;
      refreshed = timeOf(new Date());
      // What says that it is over does not change any more.
      over = Boolean(clock?.dataset.over && live.querySelector("[data-live-over]"));
      say(clock ? (over ? clock.dataset.over : clock.dataset.fresh.replace("{time}", refreshed)) : "", false);
      plan();
    } catch (error) {
      if (running !== mine) return;
      failures += 1;
      say(clock ? clock.dataset.lost.replace("{time}", refreshed) : "", true);
      plan();
    } finally {
      clearTimeout(expired);
      if (running === mine) {
        running = null;
        live.removeAttribute("aria-busy");
      }
    }
  }

  const show = (query) => {
    const page = new URL(location.href);
    page.search = query;
    history.replaceState(null, "", page);
    address.search = query;
    document.querySelectorAll("[data-follows-filters]").forEach((link) => {
      const target = new URL(link.href);
      target.search = query;
      link.href = target;
    });
    refresh(true);
  };

  if (form) {
    let typing = 0;
    const filtered = () => {
      const values = new URLSearchParams();
      for (const [name, value] of new FormData(form)) if (value) values.append(name, value);
      show(values.toString());
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(typing);
      filtered();
    });
    form.addEventListener("change", (event) => {
      if (event.target.type !== "search") filtered();
    });
    form.addEventListener("input", (event) => {
      if (event.target.type !== "search") return;
      clearTimeout(typing);
      typing = setTimeout(filtered, 350);
    });
    live.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-query]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      const query = new URL(link.href).searchParams;
      for (const field of form.elements) {
        if (field.name && field.type !== "search") field.value = query.get(field.name) || "";
      }
      show(query.toString());
      if (link.dataset.query === "page") live.scrollIntoView({ block: "start" });
    });
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else if (!over) refresh();
  });
  window.addEventListener("online", () => over || refresh());
  plan();
});
