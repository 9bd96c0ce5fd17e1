# Lines of "measure metric subject value", one per round, to one line of JSON: medians, medians of each round's ratio to nginx, for times
# to the first token the medians of each round's difference to no proxy at all, and the bars that were missed.
function median(list, n,   i, j, t) {
  for (i = 2; i <= n; i++) { t = list[i]; for (j = i - 1; j > 0 && list[j] > t; j--) list[j + 1] = list[j]; list[j + 1] = t }
  return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}
function number(x) { return x == int(x) ? sprintf("%d", x) : x >= 1000 || x <= -1000 ? sprintf("%.0f", x) : sprintf("%.4g", x) }
# What must not happen is reported at its worst, not at its median.
function worst(metric) { return metric ~ /^(faults|failed|cut_short|hung|connect_failed)$/ }
function own(subject) { return subject == "linux" || subject == "portable" }
function figure(key, metric,   i, n, list, most) {
  n = count[key]
  for (i = 1; i <= n; i++) { list[i] = value[key, i]; if (i == 1 || list[i] > most) most = list[i] }
  return worst(metric) ? most : median(list, n)
}
function against(key, base, difference,   i, n, list) {
  for (i = 1; i <= count[key] && i <= count[base]; i++)
    if (difference || value[base, i] > 0) list[++n] = difference ? value[key, i] - value[base, i] : value[key, i] / value[base, i]
  return n ? number(median(list, n)) : "null"
}
function bar(what, subject, got, most) { if (got != "null" && got + 0 > most) missed = missed (missed ? "," : "") sprintf("\"%s of %s: %s, not %s\"", what, subject, got, most) }
{
  key = $1 SUBSEP $2 SUBSEP $3
  if (!($1 in hasMeasure)) { hasMeasure[$1]; measures[++measureCount] = $1 }
  if (!(($1, $2) in hasMetric)) { hasMetric[$1, $2]; metrics[$1, ++metricCount[$1]] = $2 }
  if (!(key in count)) subjects[$1, $2, ++subjectCount[$1, $2]] = $3
  value[key, ++count[key]] = $4 + 0
}
END {
  split(settings, s, " ")
  printf "{\"processor\":\"%s\",\"cores\":%d,\"rounds\":%d,\"streams\":%d,\"lag_streams\":%d,\"ttft_streams\":%d,\"memory_streams\":[%s],\"huge_streams\":%d", processor, cores, rounds, s[1], s[2], s[3], s[4], s[5]
  for (m = 1; m <= measureCount; m++) {
    measure = measures[m]; printf ",\"%s\":{", measure
    for (k = 1; k <= metricCount[measure]; k++) {
      metric = metrics[measure, k]; plain = ratio = added = ""
      for (j = 1; j <= subjectCount[measure, metric]; j++) {
        subject = subjects[measure, metric, j]; key = measure SUBSEP metric SUBSEP subject
        got = number(figure(key, metric)); plain = plain (plain ? "," : "") "\"" subject "\":" got
        if (own(subject)) check(measure, metric, subject, got)
        nginx = measure SUBSEP metric SUBSEP "nginx"; direct = measure SUBSEP metric SUBSEP "direct"
        if (!worst(metric) && metric != "peak_streams" && subject != "nginx" && subject != "direct" && nginx in count) {
          r = against(key, nginx, 0); ratio = ratio (ratio ? "," : "") "\"" subject "\":" r
          if (measure == "cpu" && metric == "cpu_us_per_event" && own(subject)) bar("CPU per event against nginx", subject, r, subject == "linux" ? 1.5 : 3)
        }
        if (metric ~ /us_p[0-9]+$/ && subject != "direct" && direct in count) {
          a = against(key, direct, 1); added = added (added ? "," : "") "\"" subject "\":" a
          if (measure == "ttft" && own(subject)) bar("added time to first token " metric, subject, a, metric == "us_p50" ? 300 : 2000)
        }
      }
      printf "%s\"%s\":{%s}", (k > 1 ? "," : ""), metric, plain
      if (ratio) printf ",\"%s_against_nginx\":{%s}", metric, ratio
      if (added) printf ",\"%s_added\":{%s}", metric, added
    }
    printf "}"
  }
  printf ",\"missed\":[%s]}\n", missed
}
function check(measure, metric, subject, got) {
  if (metric == "faults") bar(measure ": faults", subject, got, 0)
  if (measure == "lag" && metric == "lag_us_p50") bar("lag p50 in us", subject, got, 1000)
  if (measure == "lag" && metric == "lag_us_p99") bar("lag p99 in us", subject, got, 10000)
  if (measure == "huge" && metric == "peak_streams" && got < s[5]) bar("huge: streams it did not hold", subject, s[5] - got, 0)
  if (measure == "memory" && metric == "kb_per_stream") bar("KB per stream", subject, got, 40)
  if (measure == "start" && metric == "size_mb") bar("MB of the executable", subject, got, 40)
  if (measure == "start" && metric == "first_answer_ms") bar("ms to the first answer", subject, got, 250)
  if (measure == "start" && metric == "idle_rss_mb") bar("MB idle", subject, got, 60)
}
