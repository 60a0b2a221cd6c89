/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "page.h"
#include "../program/utf8.h"
#include "../program/when.h"
#include "../../rules/base/service.h"

#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define DAY_S	    86400

/* ---- text ---- */

/* Characters that are invisible or misleading (Unicode TR 36). */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{ 0x00, 0x1f },	      { 0x7f, 0x9f },	  { 0xad, 0xad },
	{ 0x61c, 0x61c },     { 0x200b, 0x200f }, { 0x2028, 0x202e },
	{ 0x2060, 0x206f },   { 0xd800, 0xdfff }, { 0xfeff, 0xfeff },
	{ 0xfdd0, 0xfdef },   { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
	{ 0xe0000, 0xe0fff },
};

static bool is_hidden(uint32_t rune)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (rune >= hidden[i].first && rune <= hidden[i].last)
			return true;
	return (rune & 0xfffe) == 0xfffe;
}

/* Replaces each byte that is not UTF-8. */
void page_text(FILE *out, const char *text)
{
	for (size_t n; text && *text; text += n ? n : 1) {
		const char *instead;
		uint32_t rune;

		n = utf8_length(text, strlen(text));
		rune = n ? utf8_rune(text, n) : 0;
		instead = html_entity(rune);
		if (!n || is_hidden(rune))
			fputs(REPLACEMENT, out);
		else if (instead)
			fputs(instead, out);
		else
			fwrite(text, 1, n, out);
	}
}

void page_port(FILE *out, uint16_t port)
{
	const struct service *s = service_by_port(port);

	fprintf(out, "%u", port);
	if (s)
		fprintf(out, " %s", s->name);
}

/* ---- numbers ---- */

/* Digits are grouped by commas: a screen reader takes a space for an end. */
void page_number(FILE *out, uint64_t n)
{
	char text[32]; /* 20 digits and 6 commas */
	size_t at = sizeof(text) - 1, digits = 0;

	text[at] = '\0';
	do {
		if (digits && digits % 3 == 0)
			text[--at] = ',';
		text[--at] = (char)('0' + n % 10);
		digits++;
	} while (n /= 10);
	fputs(text + at, out);
}

/* Steps of an axis are round, so that one digit behind the point is enough. */
void page_short(FILE *out, uint64_t n)
{
	static const char units[] = "kMGTPE";
	size_t unit = 0;
	uint64_t tenths;

	if (n < 10000) {
		page_number(out, n);
		return;
	}
	for (; n >= 1000000; n /= 1000)
		unit++;
	tenths = n % 1000 / 100;
	fprintf(out, "%u", (unsigned int)(n / 1000));
	if (tenths)
		fprintf(out, ".%u", (unsigned int)tenths);
	fputc(units[unit], out);
}

void page_count(FILE *out, uint64_t n, const char *one, const char *more)
{
	page_number(out, n);
	fprintf(out, " %s", n == 1 ? one : more);
}

/* "< 1 %" is not 0, and "> 99 %" is not 100. */
void page_share(FILE *out, uint64_t part, uint64_t all)
{
	double percent = all ? 100.0 * (double)part / (double)all : 0;
	long whole = lround(percent);

	if (!all)
		fputs("–", out);
	else if (part && !whole)
		fputs("&lt; 1 %", out);
	else if (part < all && whole >= 100)
		fputs("&gt; 99 %", out);
	else
		fprintf(out, "%ld %%", whole);
}

void page_change(FILE *out, uint64_t now, uint64_t before)
{
	double change, times;

	if (now == before) {
		fputs(now ? "±0 %" : "–", out);
		return;
	}
	if (!before) {
		fputs("new", out);
		return;
	}
	times = (double)now / (double)before;
	change = 100 * (times - 1);
	if (times >= 10)
		fprintf(out, "×%ld", lround(times));
	else if (fabs(change) < 1)
		fputs(change < 0 ? "−&lt; 1 %" : "+&lt; 1 %", out);
	else if (now && change <= -99.5)
		fputs("−&gt; 99 %", out);
	else
		fprintf(out, "%s%ld %%", change < 0 ? "−" : "+",
			lround(fabs(change)));
}

/* Prints the two largest units. */
void page_duration(FILE *out, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {
		{ DAY_S, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" }
	};
	size_t i = 0, last = sizeof(units) / sizeof(units[0]) - 1;
	int64_t rest;

	while (i < last && seconds < units[i].seconds)
		i++;
	fprintf(out, "%lld %s", (long long)(seconds / units[i].seconds),
		units[i].name);
	rest = seconds % units[i].seconds;
	if (i < last && rest >= units[i + 1].seconds)
		fprintf(out, " %lld %s",
			(long long)(rest / units[i + 1].seconds),
			units[i + 1].name);
}

/* ---- times ---- */

/* Names of the page, which is English; strftime() would follow the locale. */
const char page_weekdays[7][4] = { "Mon", "Tue", "Wed", "Thu",
				   "Fri", "Sat", "Sun" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static bool page_local_time(int64_t time_s, struct tm *tm)
{
	time_t t = (time_t)time_s;

	return localtime_r(&t, tm);
}

/* Prints the year instead of the time of a day that is half a year away. */
static void print_near(FILE *out, const struct tm *tm, bool near)
{
	fprintf(out, "%d %s ", tm->tm_mday, months[tm->tm_mon]);
	if (near)
		fprintf(out, "%02d:%02d", tm->tm_hour, tm->tm_min);
	else
		fprintf(out, "%d", tm->tm_year + 1900);
}

void page_when(FILE *out, int64_t time_s, enum when how, int64_t now_s)
{
	struct tm tm;
	const char *weekday, *month;

	if (!time_s || !page_local_time(time_s, &tm)) {
		fputs("–", out);
		return;
	}
	weekday = page_weekdays[(tm.tm_wday + 6) % 7];
	month = months[tm.tm_mon];
	switch (how) {
	case WHEN_SHORT:
		print_near(out, &tm,
			   time_s / DAY_S + 182 > now_s / DAY_S &&
				   time_s / DAY_S < now_s / DAY_S + 182);
		break;
	case WHEN_MINUTE:
		fprintf(out, "%s %d %s %d %02d:%02d", weekday, tm.tm_mday,
			month, tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
		break;
	case WHEN_HOUR:
		fprintf(out, "%s %d %s %02d:%02d", weekday, tm.tm_mday, month,
			tm.tm_hour, tm.tm_min);
		break;
	case WHEN_DAY:
		fprintf(out, "%s %d %s", weekday, tm.tm_mday, month);
		break;
	case WHEN_DATE:
		fprintf(out, "%s %d %s %d", weekday, tm.tm_mday, month,
			tm.tm_year + 1900);
		break;
	case WHEN_CLOCK:
		fprintf(out, "%02d:%02d", tm.tm_hour, tm.tm_min);
		break;
	case WHEN_TICK:
		fprintf(out, "%s %d", weekday, tm.tm_mday);
		break;
	case WHEN_MONTH:
		fprintf(out, "%d %s", tm.tm_mday, month);
		break;
	}
}

void page_time(FILE *out, int64_t time_s, enum when how, int64_t now_s)
{
	time_t t = (time_t)time_s;
	char text[WHEN_TEXT_BYTES];
	struct tm tm;

	/* HTML takes years of four digits. */
	if (!time_s || !gmtime_r(&t, &tm) || tm.tm_year < 0 ||
	    tm.tm_year > 9999 - 1900) {
		fputs("–", out);
		return;
	}
	fprintf(out, "<time datetime=\"%s\">", when_print_s(text, time_s));
	page_when(out, time_s, how, now_s);
	fputs("</time>", out);
}

void page_offset(FILE *out, int64_t time_s)
{
	struct tm tm;
	long minutes;

	if (!page_local_time(time_s, &tm))
		return;
	minutes = labs(tm.tm_gmtoff) / 60;
	fprintf(out, "UTC%s%02ld:%02ld", tm.tm_gmtoff < 0 ? "−" : "+",
		minutes / 60, minutes % 60);
}

/* ---- style ---- */

/*
 * Contrast is 4.5:1 or more for text and 3:1 or more for drawings, in light and
 * in dark. Blue, orange and grey can be told apart with any colour blindness;
 * the others are hatched as well.
 */
const char page_style[] =
	":root{color-scheme:light dark;--paper:#fcfbf8;--ink:#1c2024;"
	"--soft:#555c63;--rule:#d9d5cc;--faint:#f0ede6;"
	"--link:#1d4f7c;--mark:#8a2f10;--answered:#c8641b;"
	"--blocked:#2d5f8f;--unanswered:#7b8187;--refused:#8a6d00;"
	"--icmp:#75508f;--h1:#6289ad;--h2:#507da4;--h3:#41729d;"
	"--h4:#2d5f8f;--h5:#1b4a77}\n"
	"@media screen and (prefers-color-scheme:dark){\n"
	"  :root{--paper:#15181b;--ink:#e7e5e0;--soft:#a4aab0;"
	"  --rule:#343a40;--faint:#1e2226;--link:#8fc1ec;"
	"  --mark:#f0a184;--answered:#ec9150;--blocked:#5b97cf;"
	"  --unanswered:#81888f;--refused:#d0b04a;--icmp:#b697d0;"
	"  --h1:#4a7299;--h2:#5686b3;--h3:#659bcc;--h4:#7fb1de;--h5:#a3ccf0}\n"
	"}\n"
	"*{box-sizing:border-box}\n"
	"html{-webkit-text-size-adjust:100%;text-size-adjust:100%}\n"
	"body{margin:0;background:var(--paper);color:var(--ink);"
	"font:1rem/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,"
	"\"Helvetica Neue\",Arial,sans-serif;"
	"font-variant-numeric:tabular-nums lining-nums;"
	"font-variant-ligatures:none}\n"
	"header,nav,main,footer{max-width:76rem;margin:0 auto;"
	"padding:0 1.25rem}\n"
	"header{padding-top:2.5rem}\n"
	"h1,h2,.figure dd b{font-family:Charter,\"Bitstream Charter\","
	"\"Sitka Text\",Cambria,Georgia,\"Noto Serif\",serif;"
	"font-weight:500;letter-spacing:-.01em}\n"
	"h1{font-size:clamp(1.75rem,1.2rem + 2.4vw,2.75rem);"
	"line-height:1.15;margin:0 0 .75rem;text-wrap:balance}\n"
	"h2{font-size:1.3rem;line-height:1.25;margin:0 0 .5rem}\n"
	"h3{font-size:1rem;line-height:1.4;margin:0}\n"
	"p{margin:0 0 .75rem;max-width:44rem;overflow-wrap:anywhere}\n"
	"a{color:var(--link);text-underline-offset:.15em;"
	"text-decoration-thickness:1px}\n"
	"a:hover{text-decoration-thickness:2px}\n"
	":focus-visible{outline:2px solid var(--link);outline-offset:3px}\n"
	".skip{position:absolute;left:-99rem}\n"
	".skip:focus{left:1rem;top:.5rem;background:var(--paper);"
	"padding:.25rem .5rem}\n"
	".soft,.side p,figcaption{color:var(--soft);"
	"font-size:.875rem;line-height:1.5}\n"
	".lead::first-letter{text-transform:uppercase}\n"
	".lead{font-size:1.125rem;margin:1.5rem 0 0}\n"
	"nav{margin-top:1.75rem}\n"
	"nav ul{list-style:none;display:flex;flex-wrap:wrap;margin:0;"
	"padding:.5rem 0;gap:0 1.25rem;font-size:.875rem}\n"
	"nav a{display:inline-block;padding:.3rem 0}\n"
	"section{border-top:1px solid var(--rule);padding:1.75rem 0 2.5rem}\n"
	".side{margin-bottom:1.25rem}\n"
	".side p:last-child{margin:0}\n"
	"@media (min-width:64rem){\n"
	"  section{display:grid;column-gap:3rem;"
	"  grid-template-columns:12.5rem minmax(0,1fr)}\n"
	"  .side{margin:0}\n"
	"}\n"
	/* Figures. */
	".figures{display:grid;gap:1.5rem 2rem;margin:0;"
	"grid-template-columns:repeat(auto-fit,minmax(9rem,1fr))}\n"
	".figure dt{font-size:.875rem;color:var(--soft)}\n"
	".figure dd{margin:0;overflow-wrap:anywhere;"
	"font-size:.875rem;color:var(--soft)}\n"
	".figure dd b{display:block;font-size:2.125rem;"
	"line-height:1.2;color:var(--ink)}\n"
	/* Tables. */
	".scroll{overflow-x:auto;position:relative;margin:0 0 1rem;"
	"scrollbar-width:thin}\n"
	"table{border-collapse:collapse;width:100%;font-size:.875rem;"
	"line-height:1.4}\n"
	"caption{text-align:left;color:var(--soft);padding:0 0 .4rem}\n"
	"th,td{padding:.4rem .9rem .4rem 0;text-align:left;"
	"vertical-align:baseline;white-space:nowrap}\n"
	"th:last-child,td:last-child{padding-right:0}\n"
	"thead th{font-weight:500;color:var(--soft);"
	"vertical-align:bottom;border-bottom:1px solid var(--ink)}\n"
	"tbody th{font-weight:500}\n"
	"tbody tr>*{border-bottom:1px solid var(--rule)}\n"
	"tbody tr:hover>*{background:var(--faint)}\n"
	".n{text-align:right}\n"
	"thead .o{font-style:italic}\n"
	".n+:not(.n){padding-left:.9rem}\n"
	".badges{white-space:normal;min-width:7.5rem}\n"
	"#t-sources{font-size:.8125rem}\n"
	"#t-sources :is(th,td){padding-right:.5rem}\n"
	"#t-sources .n+:not(.n){padding-left:.35rem}\n"
	".long{white-space:normal;overflow-wrap:anywhere;min-width:11rem}\n"
	"th.long,td.long{max-width:26rem}\n"
	".spark{vertical-align:middle}\n"
	".none{color:var(--soft);margin:0}\n"
	".badge{display:inline-block;border:1px solid var(--mark);"
	"color:var(--mark);border-radius:2px;padding:0 .4em;"
	"font-size:.8125rem;line-height:1.45;margin-right:.3rem}\n"
	".badge:last-child{margin-right:0}\n"
	/* Findings. */
	".findings{list-style:none;margin:0;padding:0}\n"
	".findings li{padding:.9rem 0;border-top:1px solid var(--rule)}\n"
	".findings:first-child li:first-child{border:0;padding-top:0}\n"
	".findings p{margin:.25rem 0 0;overflow-wrap:anywhere}\n"
	".findings li{font-size:.9375rem}\n"
	".findings h3{overflow-wrap:anywhere}\n"
	".findings .soft{font-size:.875rem}\n"
	".findings .when{font-weight:400;color:var(--soft);"
	"white-space:nowrap}\n"
	"@media (min-width:46rem){\n"
	"  .findings li{display:grid;column-gap:1.5rem;"
	"  grid-template-columns:7.5rem minmax(0,1fr)}\n"
	"  .findings li>*{grid-column:2}\n"
	"  .findings .when{grid-column:1;grid-row:1}\n"
	"}\n"
	/* Drawings. */
	"svg{overflow:visible}\n"
	"figure{margin:0 0 1.25rem}\n"
	".chart{display:block;width:100%}\n"
	".chart text,.soft text{font-size:.75rem;fill:var(--soft)}\n"
	".chart .name{font-size:.875rem;fill:var(--ink)}\n"
	".e{text-anchor:end}\n"
	".mid{text-anchor:middle}\n"
	".axis{stroke:var(--ink)}\n"
	".grid{stroke:var(--rule)}\n"
	".tick{fill:var(--ink)}\n"
	".policy{stroke:var(--ink);stroke-dasharray:3 3}\n"
	".hit{fill:transparent}\n"
	"g:hover>.hit{fill:var(--rule);fill-opacity:.6}\n"
	"#d-time{margin:1rem 0 2rem 3.25rem;width:calc(100% - 3.25rem)}\n"
	"#d-heat{margin:0 0 1.75rem 2.5rem;width:calc(100% - 2.5rem)}\n"
	".cell{fill:var(--faint)}\n"
	".h1{fill:var(--h1)}\n"
	".h2{fill:var(--h2)}\n"
	".h3{fill:var(--h3)}\n"
	".h4{fill:var(--h4)}\n"
	".h5{fill:var(--h5)}\n"
	".answered{fill:var(--answered)}\n"
	".blocked{fill:var(--blocked)}\n"
	".unanswered{fill:var(--unanswered)}\n"
	".refused{fill:url(#hatch-refused)}\n"
	".icmp-refused{fill:url(#hatch-icmp)}\n"
	".on-refused{fill:var(--refused)}\n"
	".on-icmp{fill:var(--icmp)}\n"
	".gap{stroke:var(--paper)}\n"
	".spark rect{fill:var(--blocked)}\n"
	".spark line{stroke:var(--rule)}\n"
	".swatch{vertical-align:-2px;margin-right:.5rem}\n"
	"details{margin:0 0 .75rem}\n"
	"summary{cursor:pointer;color:var(--link);font-size:.875rem;"
	"padding:.3rem 0;width:fit-content}\n"
	"details[open]>summary{margin-bottom:.5rem}\n"
	"footer{color:var(--soft);font-size:.8125rem;padding-bottom:3rem}\n"
	"footer p{border-top:1px solid var(--rule);padding-top:1rem;"
	"max-width:none}\n"
	"@media (max-width:40rem){\n"
	"  table{font-size:.8125rem}\n"
	"  th,td{padding-right:.6rem}\n"
	"  .swatch{margin-right:.35rem}\n"
	"  .long{min-width:5.5rem}\n"
	"  .n+:not(.n){padding-left:.5rem}\n"
	"  .wide{display:none}\n"
	"  section{padding:1.5rem 0 2rem}\n"
	"  header{padding-top:1.5rem}\n"
	"  .figures{grid-template-columns:1fr 1fr;gap:1.25rem}\n"
	"  .figure dd b{font-size:1.75rem}\n"
	"  #d-time{height:200px}\n"
	"}\n"
	".digest{min-width:15rem}\n"
	"@media print{\n"
	"  :root{--paper:#fff}\n"
	"  html{font-size:9.5pt}\n"
	"  nav,.skip,details:not([open]){display:none}\n"
	"  section{break-inside:auto;padding:1rem 0}\n"
	"  h2,h3,caption,thead,.side{break-after:avoid}\n"
	"  header{padding-bottom:1rem}\n"
	"  tr,figure,.findings li{break-inside:avoid}\n"
	"  .scroll{overflow:visible}\n"
	"  table,#t-sources{font-size:8pt}\n"
	"  th,td{padding-right:.6rem}\n"
	"  .long{max-width:none}\n"
	"  a{color:inherit;text-decoration:none}\n"
	"}\n";
