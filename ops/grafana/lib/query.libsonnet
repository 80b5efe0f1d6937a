// Expressions in PromQL, with the variables of the dashboards. docs/dashboards.md says how they are used.

local selector(metric, matchers) = '%s{%s}' % [metric, std.join(', ', [it for it in matchers if it != ''])];
local aggregate(name, expr, labels) =
  if labels == [] then '%s(%s)' % [name, expr] else '%s by (%s) (%s)' % [name, std.join(', ', labels), expr];

local of_application = 'application=~"$application"';
local of_instance = 'instance=~"$instance"';

// Each application of each instance that Prometheus can scrape has this series.
local known = selector('sheaf_build_info', [of_application, of_instance]);
// A value if an instance is scraped, and nothing if none is: what is not watched is not 0.
local instead(value, labels) = std.foldl(
  function(vector, label) 'label_replace(%s, "%s", "none", "", "")' % [vector, label],
  labels,
  '%s * count(%s)' % [value, known]
);

{
  // The series of a metric for the chosen applications and instances; `where` is a further matcher.
  of(metric, where=''):: selector(metric, [of_application, of_instance, where]),
  // The same without the choice of instances, for sums that are right over all of them only.
  everywhere(metric, where=''):: selector(metric, [of_application, where]),
  rate(metric, where=''):: 'rate(%s[$__rate_interval])' % $.of(metric, where),
  in_hour(metric, where=''):: 'increase(%s[1h])' % $.of(metric, where),
  in_range(metric, where=''):: 'increase(%s[$__range])' % $.of(metric, where),

  // The series of what the applications of a process share: its sinks, log and HTTP server, and the process itself. There the
  // label `application` is that of the configuration file, or missing, so they are chosen by their instance: `shared(here(..))`.
  here(metric, where=''):: selector(metric, [of_instance, where]),
  shared(expr):: '%s and on (instance, job) %s' % [expr, known],
  shared_of(metric, where=''):: $.shared($.here(metric, where)),
  shared_rate(metric, where=''):: $.shared('rate(%s[$__rate_interval])' % $.here(metric, where)),
  shared_in_hour(metric, where=''):: $.shared('increase(%s[1h])' % $.here(metric, where)),
  shared_in_range(metric, where=''):: $.shared('increase(%s[$__range])' % $.here(metric, where)),

  sum(expr, labels=[]):: aggregate('sum', expr, labels),
  max(expr, labels=[]):: aggregate('max', expr, labels),
  min(expr, labels=[]):: aggregate('min', expr, labels),

  // A quantile of a histogram, of the rates of its buckets (`rate` or `shared_rate`). That of nothing is no number, be it that
  // the histogram has no observations or that it is not there.
  quantile(q, buckets, labels=[])::
    'histogram_quantile(%g, %s) or on () %s' % [q, $.sum(buckets, labels + ['le']), instead('NaN', labels)],
  // Three of them, as queries of a panel.
  quantiles(buckets):: [{ legend: 'p%g' % (q * 100), expr: $.quantile(q, buckets) } for q in [0.5, 0.95, 0.99]],

  // Counts of nothing are 0: where an application has no such processor, or no such series yet. With labels it is one series
  // `none`.
  or_zero(expr):: '%s or %s' % [expr, instead('0', [])],
  or_none(expr, labels):: '%s or on () %s' % [expr, instead('0', labels)],
}
