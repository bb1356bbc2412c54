import { THEMES, type ChartTheme } from "../chart/palette.ts";

/** A theme's colours as custom properties. */
const properties = ({ background, text, grid, axis, series }: ChartTheme): string =>
  [
    `--surface:${background}`,
    `--muted:${text}`,
    `--line:${grid}`,
    `--axis:${axis}`,
    ...series.map((color, i) => `--s${i}:${color}`),
  ].join(";");

/** The colours of a chart's lines, over the light ones that it has as attributes. */
const seriesColors = THEMES.light.series
  .map(
    (_, i) => `.dt-s${i}{stroke:var(--s${i})}.dt-s${i} .dt-dot,circle.dt-s${i}{fill:var(--s${i})}`,
  )
  .join("\n");

/** The page's styles. Paper is always light. */
export const STYLES = `
:root{color-scheme:light;--page:#f5f6f9;--ink:#1b2030;--warning:#fff4dd;${properties(THEMES.light)}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--page:#0f1115;--ink:#e9ecf3;--warning:#3a2f14;${properties(THEMES.dark)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums}
main,header{max-width:1160px;margin:0 auto;padding:0 20px}
header{padding-top:36px}
h1{margin:0;font-size:28px;line-height:1.2;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{margin:44px 0 14px;font-size:19px;letter-spacing:-.005em}
header p{margin:6px 0 0;color:var(--muted)}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin:18px 0 0}
nav a{color:var(--s0);text-decoration:none}
nav a:hover{text-decoration:underline}
section{position:relative}
footer{max-width:1160px;margin:48px auto 32px;padding:0 20px;color:var(--muted);font-size:13px}
small,.hint{color:var(--muted);font-size:13px;font-weight:400}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(136px,1fr));gap:12px;margin:22px 0 0}
.tiles div{padding:14px 16px;background:var(--surface);border:1px solid var(--line);border-radius:10px}
.tiles dt{color:var(--muted);font-size:13px}
.tiles dd{margin:2px 0 0;font-size:24px;font-weight:600;line-height:1.25;letter-spacing:-.01em}
.tiles small{display:block;letter-spacing:0}
.warnings{margin:18px 0 0;padding:12px 16px 12px 34px;background:var(--warning);border-radius:10px}
.scroll{overflow-x:auto;margin:14px 0;background:var(--surface);border:1px solid var(--line);border-radius:10px}
header .scroll{margin-top:22px}
table{width:100%;border-collapse:collapse}
th,td{padding:8px 16px;text-align:left;font-weight:400;white-space:nowrap}
thead th{color:var(--muted);font-size:13px}
tbody tr{border-top:1px solid var(--line)}
tbody tr:first-child{border-top:0}
thead+tbody tr:first-child{border-top:1px solid var(--line)}
tbody th:first-child{font-weight:600}
.number{text-align:right}
td.bar{width:40%;min-width:180px}
td.bar span{display:inline-block;width:3em;text-align:right;margin-right:12px}
td.bar i{display:inline-block;vertical-align:middle;height:8px;width:calc((100% - 5em)*1);border-radius:4px;background:linear-gradient(90deg,var(--s0) var(--share),var(--line) var(--share))}
.settings td{white-space:normal;overflow-wrap:anywhere}
.settings th{color:var(--muted);width:1%}
.settings tbody th:first-child{font-weight:400}
.differs td{font-weight:600}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,460px),1fr));gap:16px}
figure{margin:0}
.chart{min-width:0;padding:14px 16px 8px;background:var(--surface);border:1px solid var(--line);border-radius:10px;break-inside:avoid}
.chart.wide{grid-column:1/-1}
.chart figcaption{display:flex;flex-wrap:wrap;align-items:baseline;column-gap:12px;margin-bottom:6px}
.chart output{margin-left:auto;font-weight:600}
.chart b+small{flex:1}
.chart figcaption small{order:1;flex-basis:100%}
.dt-chart{display:block;width:100%;height:auto;overflow:visible;outline-offset:4px;border-radius:4px;touch-action:pan-y}
.dt-text,.dt-title{fill:var(--muted)}
.dt-grid{stroke:var(--line)}
.dt-axis{stroke:var(--axis)}
${seriesColors}
.dt-cursor line{stroke:var(--axis);stroke-dasharray:3 3}
.dt-cursor circle{stroke:var(--surface);stroke-width:2}
.wide .compact,.log{display:none}
body:has(#log-scale:checked) .scalable .linear{display:none}
body:has(#log-scale:checked) .scalable .log{display:block}
body:has(#log-scale:checked) .wide .compact{display:none}
.switch{position:absolute;top:2px;right:0;color:var(--muted);font-size:14px;cursor:pointer}
.swatch,.tooltip i{display:inline-block;width:10px;height:10px;margin-right:8px;border-radius:3px;background:var(--color)}
.tooltip{position:absolute;z-index:2;padding:8px 12px;background:var(--surface);border:1px solid var(--line);border-radius:8px;box-shadow:0 4px 16px #0003;font-size:13px;pointer-events:none;max-width:90vw}
.tooltip div{display:flex;align-items:baseline}
.tooltip span{margin-right:14px;overflow-wrap:anywhere}
.tooltip strong{margin-left:auto}
.tooltip small{margin-left:10px;white-space:nowrap}
.samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:16px;align-items:start}
.samples figure{break-inside:avoid}
.samples label{display:block;cursor:zoom-in}
.samples input{position:absolute;opacity:0}
.samples img{display:block;width:100%;border-radius:10px;border:1px solid var(--line)}
.samples input:focus-visible+img{outline:2px solid var(--s0);outline-offset:2px}
.samples input:checked+img{position:fixed;z-index:3;inset:0;width:100vw;height:100vh;object-fit:contain;background:#000d;border:0;border-radius:0;cursor:zoom-out}
.samples figcaption{margin-top:6px;color:var(--muted);font-size:14px}
details>summary{cursor:pointer;margin-bottom:14px;color:var(--s0)}
pre{margin:0;padding:16px;overflow:auto;background:var(--surface);border:1px solid var(--line);border-radius:10px;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media (max-width:700px){
main,header,footer{padding:0 14px}
header{padding-top:24px}
h1{font-size:23px}
.tiles{grid-template-columns:1fr 1fr}
.tiles dd{font-size:20px}
.dt-chart text{font-size:15px}
.wide .roomy{display:none}
.wide .compact.linear{display:block}
body:has(#log-scale:checked) .wide .roomy,body:has(#log-scale:checked) .wide .compact.linear{display:none}
body:has(#log-scale:checked) .wide .compact.log{display:block}
}
@media print{
body{background:#fff;font-size:11pt}
nav,.switch,.tooltip{display:none}
h2{break-after:avoid}
.charts{grid-template-columns:1fr 1fr}
.chart:not(.wide) .dt-chart text{font-size:15px}
.samples{grid-template-columns:1fr 1fr 1fr}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`;
