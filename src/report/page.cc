#include "report/page.h"

#include <fmt/format.h>

#include <cctype>

#include "record/record.pb.h"
#include "report/escape.h"

namespace nw {

namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--paper:#fff;--ground:#f6f7f9;--ink:#17212b;--mute:#55616e;--line:#dfe4ea;
--soft:#eef1f5;--accent:#0b5f9e;
--warn:#8a4b00;--warnbg:#fff4e0;--bad:#a3211a;--badbg:#fdecea;--ok:#1d6b46}
@media (prefers-color-scheme:dark){:root{--paper:#141a21;--ground:#0e1318;--ink:#e6ebf0;--mute:#9fabb8;
--line:#2b353f;--soft:#1c252e;
--accent:#7cc0f5;--warn:#f2b866;--warnbg:#2c2213;--bad:#ff9a90;--badbg:#2f1917;--ok:#7fd0a8}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
font-variant-numeric:tabular-nums}
main{max-width:1200px;margin:0 auto;padding:28px 20px 48px}
header.top{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline;margin-bottom:18px}
header.top .brand{font-weight:650;letter-spacing:.01em;color:var(--accent)}
header.top .meta{color:var(--mute);overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 4px;font-weight:650;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:0 0 10px;font-weight:650}
h2.run{font-size:1.35rem;margin:44px 0 10px;overflow-wrap:anywhere}
p{margin:0 0 10px;max-width:76ch}
.sub{color:var(--mute);margin-bottom:18px;overflow-wrap:anywhere}
.card{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:0 0 16px;
break-inside:avoid}
.head{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:14px 28px;margin:0}
.head div{border-left:3px solid var(--line);padding-left:12px}
.head div.first{border-color:var(--accent);grid-column:span 2}.head div.wide{grid-column:span 2}
.head dt{color:var(--mute);font-size:.8rem}
.head dd{margin:0;overflow-wrap:anywhere;font-size:1.2rem;font-weight:600;line-height:1.3}
.head .first dd span,.head dd span{white-space:nowrap}.head .first dd{font-size:2rem;letter-spacing:-.02em;
line-height:1.15}
.head dd small{display:block;font-size:.82rem;font-weight:400;color:var(--mute);line-height:1.4;letter-spacing:0}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
.scroll svg.nw{display:block;width:100%;min-width:640px;height:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th{color:var(--mute);font-weight:500;font-size:.8rem;text-align:left;border-bottom:1px solid var(--line);
padding:4px 10px 6px 0;white-space:nowrap;vertical-align:bottom}
td{padding:6px 10px 6px 0;border-bottom:1px solid var(--soft);vertical-align:top}
tr:last-child td{border-bottom:0}
.n{text-align:right;white-space:nowrap}
td{white-space:nowrap}td.name{white-space:normal;overflow-wrap:anywhere;min-width:9em}
td.faint{color:var(--mute);white-space:normal;min-width:9em}
tr.total td{font-weight:600}
tr.label td{color:var(--mute);padding-top:16px;font-size:.8rem}
.dot{display:inline-block;width:.65em;height:.65em;border-radius:2px;margin-right:.5em}
.bar{display:block;width:90px;height:14px;margin-top:.3em}
.bar .r{fill:var(--soft)}.bar .u{stroke:var(--ink);stroke-width:1.4;fill:none}
.kind{display:inline-block;min-width:1.7em;text-align:center;border:1px solid var(--line);border-radius:4px;
font-size:.78rem;line-height:1.5;padding:0 .3em;color:var(--mute)}
.kind.E{border-style:dashed;border-color:var(--warn);color:var(--warn)}
.note{border-radius:8px;padding:10px 14px;margin:0 0 16px;background:var(--warnbg);color:var(--warn);max-width:none}
ul.found{list-style:none;padding:0;margin:0 0 10px}
ul.found li{padding:5px 0 5px 12px;border-left:3px solid var(--line);margin-bottom:6px}
ul.found li.loss{border-color:var(--warn)}ul.found li.wrong{border-color:var(--bad)}
ul.found b{font-weight:600}
.loss>b{color:var(--warn)}.wrong>b{color:var(--bad)}
.facts{display:grid;grid-template-columns:fit-content(40%) 1fr;gap:4px 18px;margin:0;font-size:.9rem}
.facts dt{color:var(--mute);overflow-wrap:anywhere}.facts dd{margin:0;overflow-wrap:anywhere}
.chips{display:flex;flex-wrap:wrap;gap:8px;margin:0 0 4px}
.chips span{background:var(--soft);border-radius:6px;padding:3px 10px;font-size:.9rem}
details{margin-top:12px}pre{margin:0;font:.84rem/1.5 ui-monospace,"DejaVu Sans Mono",monospace;white-space:pre-wrap;
overflow-wrap:anywhere}summary{cursor:pointer;color:var(--accent);font-size:.9rem}
details .scroll{max-height:420px;overflow:auto;margin-top:8px}
footer,.legend{color:var(--mute);font-size:.84rem}.card>.legend{margin:14px 0 0;max-width:none}
a{color:var(--accent)}
@media (max-width:640px){main{padding:18px 12px}.card{padding:14px}.head div.first,.head div.wide{grid-column:1/-1}
.head .first dd{font-size:1.7rem}.facts{grid-template-columns:1fr}.facts dd{margin-bottom:6px}}
@media print{:root{--paper:#fff;--ground:#fff;--ink:#000;--mute:#444;--line:#bbb;--soft:#eee;--accent:#000;
--warn:#663800;--warnbg:#fff;--bad:#7a1712;--badbg:#fff}
body{font-size:10.5pt}main{max-width:none;padding:0}.card{border:0;padding:0;margin-bottom:14pt}details{display:none}
.scroll{overflow:visible}.scroll svg.nw{min-width:0}
a{text-decoration:none}@page{margin:14mm}}
@media (forced-colors:active){.dot,.bar rect{forced-color-adjust:none}}
)css";

}  // namespace

std::string page_head(std::string_view what, std::string_view heading) {
  return fmt::format(
      "<header class=\"top\"><span class=\"brand\">nodewatt</span><span "
      "class=\"meta\">{}</span></header>\n<h1>{}</h1>\n",
      for_html(what), for_html(heading));
}

std::string make_page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<meta name=\"color-scheme\" "
      "content=\"light dark\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
      for_html(title), kStyle, body);
}

std::string anchor(const pb::Record& record) {
  std::string out = "run-";
  for (const char c : record.uid())
    if (std::isalnum(static_cast<unsigned char>(c)) && out.size() < 40) out += c;
  return out;
}

}  // namespace nw
