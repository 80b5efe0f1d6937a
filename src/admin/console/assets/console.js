// The keys of the console. Without it every page works by links and forms.
(function () {
  "use strict";
  function rows() {
    return Array.prototype.slice.call(document.querySelectorAll("[data-row] a[data-open]"));
  }
  function move(by) {
    var links = rows();
    if (!links.length) { return; }
    var at = links.indexOf(document.activeElement);
    var next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by));
    links[next].focus();
  }
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) { return; }
    var target = event.target;
    var writes = target && (/^(INPUT|TEXTAREA|SELECT)$/).test(target.tagName);
    if (event.key === "Escape" && writes) { target.blur(); return; }
    if (writes) { return; }
    var go = document.querySelector('[data-key="' + event.key.replace(/["\\]/g, "") + '"]');
    if (event.key === "j") { move(1); }
    else if (event.key === "k") { move(-1); }
    else if (go && go.tagName === "A") { go.click(); }
    else if (go) { go.focus(); }
    else { return; }
    event.preventDefault();
  });
  // An update must not take the focus away from who moves through a list.
  var focused = null;
  document.addEventListener("htmx:beforeSwap", function () {
    var active = document.activeElement;
    focused = active && active.getAttribute("href");
  });
  document.addEventListener("htmx:afterSwap", function () {
    if (!focused) { return; }
    rows().forEach(function (link) { if (link.getAttribute("href") === focused) { link.focus(); } });
    focused = null;
  });
}());
