"""How the report looks: colours for dark and light, a phone, and paper; and the little it does by itself."""

from __future__ import annotations

STYLE = """
:root{--bg:#fff;--ink:#1d2430;--soft:#5b6675;--line:#d9dee5;--card:#f6f8fa;--ok:#18733a;--bad:#b3261e;--odd:#8a5a00;
--ev:#1f5fbf;--fill:#1f5fbf22}
@media (prefers-color-scheme:dark){:root{--bg:#12161c;--ink:#e3e8ef;--soft:#98a3b3;--line:#2c3541;--card:#1a2029;
--ok:#56c27c;--bad:#ff8a80;--odd:#e5b45a;--ev:#7fb0ff;--fill:#7fb0ff2e}}
*{box-sizing:border-box}
html{scroll-padding-top:7rem}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header{position:sticky;top:0;z-index:1;background:var(--bg);border-bottom:1px solid var(--line);padding:.6rem 1rem}
h1{font-size:1.25rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:0 0 .6rem}h3{font-size:1rem;margin:1rem 0 .3rem}
nav{display:flex;gap:.2rem 1rem;overflow-x:auto;white-space:nowrap;font-size:.9rem}
a{color:var(--ev)}nav a{text-decoration:none;padding:.15rem 0}
main{max-width:70rem;margin:0 auto;padding:0 1rem 3rem}
section{padding:1.4rem 0 1rem;border-bottom:1px solid var(--line)}section:last-child{border:0}
p{margin:.3rem 0}ul,ol{margin:.3rem 0;padding-left:1.3rem}
.verdict{display:inline-block;padding:.05rem .6rem;border-radius:.3rem;color:#fff;background:#b3261e;font-weight:700}
.verdict.pass{background:#18733a}.verdict.short{background:#8a5a00}
.cause{font-size:1.05rem;font-weight:600;color:var(--bad)}
.ok{color:var(--ok)}.bad,tr.bad td{color:var(--bad)}.odd,tr.odd td{color:var(--odd)}
.seen,.clause,.when{color:var(--soft);font-size:.88em}.clause:not(:empty)::before{content:"["}
.clause:not(:empty)::after{content:"]"}
.checks{list-style:none;padding:0}.checks li{padding-left:1.5rem;position:relative;color:var(--ink)}
.checks li::before{position:absolute;left:.1rem;font-weight:700}
.checks .ok::before{content:"\\2713";color:var(--ok)}.checks .bad::before{content:"\\2717";color:var(--bad)}
.checks .odd::before{content:"\\2013";color:var(--odd)}
dl{margin:.8rem 0}dl div{display:grid;grid-template-columns:11rem 1fr;gap:.2rem 1rem;padding:.15rem 0}
dt{color:var(--soft)}dd{margin:0}
table{border-collapse:collapse;width:100%;font-size:.93em}
td,th{text-align:left;vertical-align:top;padding:.22rem .6rem .22rem 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:500}.n{text-align:right;white-space:nowrap}
.when{white-space:nowrap;font-variant-numeric:tabular-nums;text-align:right;padding-right:.8rem}
td.when{width:5.5rem}.who{white-space:nowrap;color:var(--ev);padding-right:.8rem}
.wide{overflow-x:auto}
details{border:1px solid var(--line);border-radius:.35rem;margin:.2rem 0;background:var(--card)}
summary{padding:.28rem .6rem;cursor:pointer}details>:not(summary){margin-left:.8rem;margin-right:.8rem}
details.bad{border-color:var(--bad);color:var(--ink)}
.message summary .when{display:inline-block;min-width:4.6rem}.message summary .who{display:inline-block;
min-width:7.5rem}
.tag{font-style:normal;font-size:.82em;border:1px solid currentColor;border-radius:.7rem;padding:0 .5rem;
margin-left:.3rem}
.tree ul{list-style:none;padding-left:1.1rem;border-left:1px solid var(--line);margin:.1rem 0}
.tree>ul{border:0;padding:0}.tree b{font-weight:500;color:var(--ev)}
pre,.tree{font:12.5px/1.55 ui-monospace,monospace}pre{white-space:pre-wrap;word-break:break-all;margin:.3rem 0 .7rem}
.hex{color:var(--soft)}
.tools{display:flex;gap:.5rem;flex-wrap:wrap}.tools input{flex:1 1 12rem}
input,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:.35rem;
padding:.25rem .7rem}
svg{display:block;width:100%;height:auto;font:13px system-ui,sans-serif}
svg text{fill:var(--ink)}.lane{stroke:var(--line);stroke-dasharray:3 4}.head{fill:var(--card);stroke:var(--line)}
.name,.said,.note{text-anchor:middle}.name{font-weight:600}.said{font-size:12px;paint-order:stroke;stroke:var(--bg);
stroke-width:4px}
.ask,.answer{stroke:var(--ink);stroke-width:1.2}.answer{stroke-dasharray:5 3}#tip path{fill:var(--ink)}
line.bad{stroke:var(--bad)}svg text.bad,svg .note{fill:var(--bad)}
.grid{stroke:var(--line)}.axis{font-size:11px}svg .axis{fill:var(--soft)}.y{text-anchor:end}.x{text-anchor:middle}
polyline{fill:none;stroke:var(--ev);stroke-width:2}polygon{fill:var(--fill)}.plot{max-width:46rem}
.timing{width:auto}.timing td:nth-child(2),th{white-space:nowrap}meter{width:9rem;height:.8rem}
@media (max-width:40rem){body{font-size:14px}main,header{padding-left:.7rem;padding-right:.7rem}
dl div{grid-template-columns:1fr;gap:0;padding:.3rem 0}td.when{width:auto;padding-right:.4rem}
.who{padding-right:.4rem}
.story td{display:inline;border:0}.story tr{display:block;padding:.25rem 0;border-bottom:1px solid var(--line)}
.timing td:nth-child(3),.timing th:nth-child(3),.timing td:nth-child(5),.timing th:nth-child(5){display:none}
.timing{width:100%}meter{width:4.5rem}.message summary .who{min-width:0}.message summary .when{min-width:0}
html{scroll-padding-top:6rem}}
@media print{:root{--bg:#fff;--ink:#000;--soft:#444;--line:#bbb;--card:#fff;--ok:#0a5c2a;--bad:#9c1b13;--odd:#6b4600;
--ev:#123f85;--fill:#1f5fbf22}
body{font-size:10pt}header{position:static}nav,.tools{display:none}main{max-width:none;padding:0}
section{break-inside:auto;padding:.6rem 0}h2,h3{break-after:avoid}tr,details,svg.plot{break-inside:avoid}
details{border:0;border-bottom:1px solid var(--line);border-radius:0;margin:0}summary{list-style:none;padding:.1rem 0}
.wide{overflow:visible}svg.sequence{min-width:0!important;max-width:100%!important}
.verdict,meter,polygon{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""

SCRIPT = """
(function(){
var all=Array.prototype.slice.call(document.querySelectorAll("#messages details"));
function every(open){all.forEach(function(one){if(!one.hidden)one.open=open})}
function on(id,what,does){var it=document.getElementById(id);if(it)it.addEventListener(what,does)}
on("open","click",function(){every(true)});
on("close","click",function(){every(false)});
on("filter","input",function(){
var words=this.value.toLowerCase();
all.forEach(function(one){one.hidden=words!==""&&one.textContent.toLowerCase().indexOf(words)<0})
});
})();
"""
