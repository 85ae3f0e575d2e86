// What pages need beyond links and forms: keys, the drawer, charts, and the token that a request must carry.
"use strict";
(function () {
  const $ = (selector, within) => (within || document).querySelector(selector);
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));
  const drawer = $("#drawer");
  let opener = null;

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRF-Token"] = $('meta[name="csrf-token"]').content;
  });
  document.addEventListener("htmx:sendError", () => tell("服务没有应答，请稍后再试"));
  document.addEventListener("htmx:responseError", (event) => tell("操作没有完成（" + event.detail.xhr.status + "）"));
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === drawer) { drawer.hidden = false; const first = $("h1, h2", drawer); if (first) { first.tabIndex = -1; first.focus(); } }
    else if (event.detail.target.id === "finding") $("#finding").focus({ preventScroll: !$("#finding > .fault") });  // what had the focus is gone
    draw(event.detail.target);
    reach(event.detail.target);
  });

  function tell(text) { const toast = $("#toast"); toast.textContent = text; setTimeout(() => { if (toast.textContent === text) toast.textContent = ""; }, 4000); }
  function close() { if (drawer && !drawer.hidden) { drawer.hidden = true; drawer.replaceChildren(); if (opener) opener.focus(); } }

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-close], [data-toggle], [data-all], [data-print], a[hx-target='#drawer']");
    if (!target) return;
    if (target.matches("a[hx-target='#drawer']")) { opener = target; all("tr.chosen").forEach((row) => row.classList.remove("chosen")); const row = target.closest("tr"); if (row) row.classList.add("chosen"); }
    if (target.hasAttribute("data-close")) close();
    if (target.hasAttribute("data-print")) window.print();
    if (target.dataset.toggle) $("#" + target.dataset.toggle).classList.toggle("open");
    if (target.dataset.all) all("input[name='" + target.dataset.all + "']").forEach((box) => { box.checked = target.checked; });
  });

  // / search, j and k through the rows, Enter opens, x ticks, Esc closes
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { close(); return; }
    if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { const box = $("[data-key='/']"); if (box) { event.preventDefault(); box.focus(); } return; }
    const rows = all("tbody[data-rows] > tr");
    if (!rows.length || !["j", "k", "x"].includes(event.key)) return;
    let at = rows.findIndex((row) => row.classList.contains("chosen"));
    if (event.key === "x") { const box = at >= 0 && $("input[type=checkbox]", rows[at]); if (box) box.checked = !box.checked; return; }
    if (at >= 0) rows[at].classList.remove("chosen");
    at = Math.max(0, Math.min(rows.length - 1, at + (event.key === "j" ? 1 : -1)));
    rows[at].classList.add("chosen");
    const link = $("a", rows[at]);
    if (link) link.focus();
  });

  // <div class="chart" data-chart="id of a script element with JSON options">
  function draw(within) {
    if (!window.echarts) return;
    all("[data-chart]", within).forEach((place) => {
      const options = JSON.parse($("#" + place.dataset.chart).textContent);
      options.textStyle = { fontFamily: getComputedStyle(document.body).fontFamily };
      options.tooltip = Object.assign({ renderMode: "richText" }, options.tooltip);
      options.aria = { enabled: true };
      options.animation = false;
      const chart = window.echarts.init(place, null, { renderer: "svg" });
      chart.setOption(options);
      window.addEventListener("resize", () => chart.resize());
      window.addEventListener("beforeprint", () => chart.resize());
    });
  }
  // a table that is wider than its place can be moved by keys, too
  function reach(within) {
    all(".scroll", within).forEach((place) => { if (place.scrollWidth > place.clientWidth + 1) place.tabIndex = 0; });
  }
  document.addEventListener("DOMContentLoaded", () => { draw(document); reach(document); });
})();
