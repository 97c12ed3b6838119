/**
 * The style of the page, light and dark. Digits have equal widths, so that figures do not move when
 * they change.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f6f3; --sheet: #fff; --ink: #1c1d1f; --soft: #61646b; --line: #e2e2dc; --accent: #0b6e6e; --tint: #0b6e6e14;
  --good: #1a7a3c; --bad: #b3261e; --between: #8a5a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121416; --sheet: #1a1d20; --ink: #e7e7e3; --soft: #9b9fa6; --line: #2c3034; --accent: #5cc8c2; --tint: #5cc8c21a;
    --good: #6fce8d; --bad: #ff8a80; --between: #e6b450;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  font-variant-numeric: tabular-nums lining-nums;
}
header, main, footer { max-width: 66rem; margin: 0 auto; padding: 0 1.5rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; padding-top: 2.25rem; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; font-weight: 650; letter-spacing: -.015em; }
header p { margin: 0; color: var(--soft); font-size: .9375rem; }
#state {
  padding: .0625rem .6875rem .125rem; border: 1px solid currentColor; border-radius: 1rem;
  color: var(--between); font-size: .875rem; font-weight: 600;
}
#state span { display: inline-block; }
#state span::first-letter { text-transform: uppercase; }
[data-state="ready"] #state { color: var(--good); }
[data-state="not ready"] #state, [data-state="unreachable"] #state { color: var(--bad); }
#facts { flex-basis: 100%; }
#notice { max-width: 63rem; margin: 1.25rem auto 0; padding: .625rem 1rem; border-left: 4px solid var(--bad); background: var(--sheet); }
[data-state="unreachable"] main { opacity: .7; }
main { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; padding-top: 1.5rem; }
section, .totals { border: 1px solid var(--line); border-radius: .625rem; background: var(--sheet); }
section { padding: 1.125rem 1.25rem 1rem; min-width: 0; }
section.wide, .totals { grid-column: 1 / -1; }
.totals { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); margin: 0; overflow: hidden; }
.totals div { padding: 1rem 1.25rem; box-shadow: 1px 0 0 var(--line), 0 1px 0 var(--line); }
.totals dt { color: var(--soft); font-size: .875rem; }
.totals dd { margin: 0; font-size: clamp(1.25rem, 5vw, 1.75rem); line-height: 2.25rem; font-weight: 600; letter-spacing: -.02em; }
[data-missing] { color: var(--soft); font-style: italic; }
.totals [data-missing] { font-size: 1rem; font-weight: 400; letter-spacing: 0; }
h2 { margin: 0 0 .75rem; font-size: 1.0625rem; line-height: 1.3; font-weight: 650; }
.chart { margin: 0 0 1rem; }
.chart svg { display: block; width: 100%; height: 4.5rem; border-bottom: 1px solid var(--line); background: linear-gradient(to top, var(--tint), transparent); }
.chart path { fill: none; stroke: var(--accent); stroke-width: 2; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.chart figcaption { margin-top: .375rem; color: var(--soft); font-size: .8125rem; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .4375rem 0 .4375rem 1rem; text-align: right; vertical-align: baseline; font-weight: 400; white-space: nowrap; }
tr > :first-child { padding-left: 0; text-align: left; }
thead tr + tr > :first-child { padding-left: 1rem; text-align: right; }
thead th { color: var(--soft); font-size: .8125rem; padding-top: 0; }
tbody tr > * { border-top: 1px solid var(--line); }
[data-rows] th { white-space: normal; overflow-wrap: anywhere; }
[data-rows="checks"] td { white-space: normal; }
.scroll td, .scroll thead th { width: 13%; }
.scroll tbody td:nth-child(even) { padding-left: 2rem; }
dl.facts { display: grid; grid-template-columns: auto 1fr; margin: 0; font-size: .9375rem; }
.facts dt, .facts dd { margin: 0; padding: .4375rem 0; border-top: 1px solid var(--line); }
.facts dt { padding-right: 1rem; }
.facts dd { text-align: right; }
footer { padding-top: 1.25rem; padding-bottom: 2.5rem; color: var(--soft); font-size: .8125rem; }
footer p { margin: 0; max-width: 44rem; }
@media (max-width: 60rem) {
  .totals { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .totals div:last-child { grid-column: 1 / -1; }
}
@media (max-width: 44rem) {
  main { grid-template-columns: minmax(0, 1fr); }
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  #notice { margin-left: 1rem; margin-right: 1rem; }
}
@media print { body { background: none; } #freshness { display: none; } }
`
