//! The style of all pages.

/// The style, for screens in light and dark, and for paper.
pub(super) const STYLE: &str = r#":root {
  color-scheme: light dark;
  --ink: #1c2430; --soft: #5c6773; --line: #d5dbe1; --card: #ffffff; --page: #f5f7f9;
  --green: #1a7f4b; --red: #b3261e; --blue: #1f5fae; --amber: #8a5a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e8ec; --soft: #9aa5b1; --line: #38424d; --card: #1d242c; --page: #13181e;
    --green: #5cc98f; --red: #ff8a80; --blue: #82b4f5; --amber: #e2b25b;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 62rem; color: var(--ink); background: var(--page);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .25rem 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; }
a { color: var(--blue); }
.soft { color: var(--soft); }
.result { font-weight: 600; }
.passed { color: var(--green); } .failed { color: var(--red); } .new { color: var(--amber); }
pre, code { font: .85rem/1.45 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
pre { margin: .25rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
pre.diagram { white-space: pre; overflow-x: auto; }
ol.timeline { list-style: none; margin: 1.5rem 0; padding: 0; }
ol.timeline > li { display: grid; grid-template-columns: 6rem 1fr; gap: 1rem; }
.time { text-align: right; padding-top: .6rem; font-variant-numeric: tabular-nums; color: var(--soft); }
.card { position: relative; border-left: 2px solid var(--line); padding: 0 0 1rem 1.25rem; }
.card::before { content: ""; position: absolute; left: -.4rem; top: .95rem; width: .65rem; height: .65rem;
  border-radius: 50%; background: var(--blue); border: 2px solid var(--page); }
.due .card::before { background: var(--amber); }
.cause { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .75rem; }
.due .cause { border-style: dashed; }
ul.effects { list-style: none; margin: .4rem 0 0; padding: 0; }
ul.effects > li { display: grid; grid-template-columns: 4.5rem 1fr; gap: .75rem; padding: .15rem 0 .15rem .75rem;
  overflow-wrap: anywhere; }
.kind { font-weight: 600; color: var(--soft); }
.kind.forward, .kind.state { color: var(--green); }
.kind.act { color: var(--blue); }
.kind.alert, .kind.dead { color: var(--red); }
.difference { border: 1px solid var(--red); border-radius: .4rem; padding: .5rem .75rem; margin: 0 0 1rem; }
.difference .minus { color: var(--red); } .difference .plus { color: var(--green); }
svg.axis { display: block; width: 100%; height: auto; margin-top: 1rem; }
svg.axis line { stroke: var(--line); stroke-width: 2; }
svg.axis text { fill: var(--soft); font: 14px system-ui, sans-serif; }
svg.axis circle { fill: var(--blue); stroke: var(--page); stroke-width: 2; }
svg.axis circle.due { fill: var(--amber); } svg.axis circle.alarm { fill: var(--red); }
figure { margin: 1.5rem 0 1.5rem 50%; transform: translateX(-50%); min-width: 100%; width: max-content; max-width: calc(100vw - 3rem); overflow-x: auto; }
figcaption { font-weight: 600; margin: 0 0 .5rem; }
figure svg { display: block; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
@page { margin: 15mm; }
@media print {
  :root { --ink: #000; --soft: #444; --line: #999; --card: #fff; --page: #fff; --green: #0a5c33; --red: #8c1d18; --blue: #123f7a; --amber: #6b4600; }
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact; }
  pre, code { font-size: 8pt; }
  .cause, ul.effects > li, tr { break-inside: avoid; }
  h1, h2, .cause { break-after: avoid; }
  figure { margin: 1rem 0; transform: none; width: auto; overflow: visible; break-inside: avoid; } figure svg { max-width: 100%; height: auto; }
  nav { display: none; }
  a { color: inherit; text-decoration: none; }
}
"#;
