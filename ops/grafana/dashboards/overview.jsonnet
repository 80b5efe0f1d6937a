// What a business owner asks: what is open, what is late, what was handed on, and is anything in the way.

local dashboard = import '../lib/dashboard.libsonnet';
local panel = import '../lib/panel.libsonnet';
local q = import '../lib/query.libsonnet';
local repeated = import '../lib/repeated.libsonnet';

local bundles = 'processor="bundle"';
local outcomes = { completed: 'green', partial: 'light-green', forced: 'blue', cancelled: 'purple', expired: 'red' };

local now = [
  panel.stat({
    title: 'Open bundles',
    shows: 'Bundles that still lack a parent or children.',
    normal: 'Any number that does not grow from day to day.',
    act: 'Look at "Missing side of breaches" and at the longest lag: either events are not written, or they are not read.',
    expr: q.or_zero(q.sum(q.of('sheaf_processor_open_entries', bundles))),
    levels: panel.plain,
  }),
  panel.stat({
    title: 'Breached bundles',
    shows: 'Bundles that are open after their deadline. They still complete if the missing events come before they expire.',
    normal: '0.',
    act: '`sheaf bundles list --status breached` names them, `sheaf bundles show ID` what is missing. See "A bundle is late" in the runbook.',
    expr: q.or_zero(q.sum(q.of('sheaf_processor_entries', bundles + ', status=~"breached.*"'))),
    levels: panel.above(red=1),
  }),
  panel.stat({
    title: 'Warned today',
    shows: 'Bundles at risk: those that were incomplete shortly before their deadline today (`bundle.warn_before`). 0 if the topology has no warning.',
    normal: '0, or few of them.',
    act: 'The alerts `sla_warning` say what is missing of which bundle. Move the deadline with `sheaf bundles extend` if it will come.',
    expr: q.or_zero(q.sum(q.in_range('sheaf_bundle_sla_warnings_total'))),
    decimals: 0,
    today: true,
    levels: panel.above(yellow=1),
  }),
  panel.stat({
    title: 'Next deadline in',
    shows: 'The time until the next deadline of an open bundle. Negative: it has passed and was not acted on.',
    normal: 'Positive, or none if no bundle is open.',
    act: 'A deadline waits until what was written before it is processed: see "Deadline hold" in sheaf-internals. Or a task has no owner: see "Tasks not running".',
    expr: '(%s - time()) or %s' % [
      q.min(q.of('sheaf_processor_next_deadline_timestamp_seconds', bundles) + ' > 0'),
      q.or_zero(q.max(q.of('sheaf_processor_next_deadline_timestamp_seconds', bundles))),
    ],
    unit: 's',
    mappings: [{ type: 'value', options: { '0': { text: 'none', color: 'text', index: 0 } } }],
    levels: panel.below(yellow=300, red=-60),
  }),
  panel.stat({
    title: 'Completed today',
    shows: 'Bundles that were submitted today: complete, after a time-out with the children that are enough (`partial`), or by an operator (`forced`).',
    normal: 'As many as on other days at this time.',
    act: 'See "Bundles ended in an hour" for when it began to differ, and "Records read" in sheaf-internals for whether events come.',
    expr: q.or_zero(q.sum(q.in_range('sheaf_bundles_closed_total', 'outcome=~"completed|partial|forced"'))),
    decimals: 0,
    today: true,
    levels: panel.plain,
  }),
  panel.stat({
    title: 'Expired today',
    shows: 'Bundles that ended incomplete today and were not submitted.',
    normal: '0.',
    act: '`sheaf bundles list --status expired` names them. Until they are forgotten (`bundle.keep_closed`) `sheaf bundles reopen ID` lets them gather on.',
    expr: q.or_zero(q.sum(q.in_range('sheaf_bundles_closed_total', 'outcome="expired"'))),
    decimals: 0,
    today: true,
    levels: panel.above(red=1),
  }),
  panel.stat({
    title: 'Oldest open bundle',
    shows: 'The age of the oldest open bundle, from its first event, to the minute.',
    normal: 'Below the SLA of the topology (`bundle.sla`, by default 24 hours, from which on it is yellow here).',
    act: '`sheaf bundles list` has it first. See "A bundle is late" in the runbook.',
    expr: q.or_zero(q.max(q.of('sheaf_processor_oldest_open_entry_age_seconds', bundles))),
    unit: 's',
    levels: panel.above(yellow=86400, red=172800),
  }),
  panel.stat({
    title: 'Dead letters open',
    shows: 'Records that were rejected, and about which nobody has decided yet.',
    normal: '0.',
    act: '`sheaf dlq list` names them, `sheaf dlq show LETTER` says why. Mend the cause, then redrive, edit or discard them: "A record cannot be read" in the runbook.',
    expr: q.or_zero(q.sum(q.of('sheaf_processor_open_entries', 'processor="dead-letter"'))),
    levels: panel.above(yellow=1, red=100),
  }),
  panel.stat({
    title: 'Deliveries failed today',
    shows: 'Complete bundles that Control-M, or another target, does not have (`failed`), or of which nobody knows it (`unknown`).',
    normal: '0.',
    act: '`sheaf deliveries list --status failed` names them. See "A delivery has failed" in the runbook.',
    expr: q.or_zero(q.sum(q.in_range('sheaf_sink_submissions_total', 'outcome=~"failed|unknown"'))),
    decimals: 0,
    today: true,
    levels: panel.above(red=1),
  }) + panel.opens('sheaf-control-m'),
  repeated.targets_suspended + panel.opens('sheaf-control-m'),
  repeated.longest_lag + panel.opens('sheaf-internals'),
  repeated.tasks_not_running + panel.opens('sheaf-internals'),
];

local trends = [
  panel.areas({
    title: 'Open bundles by status',
    shows: 'Open bundles by what they wait for; `breached` ones are after their deadline.',
    normal: 'A daily pattern that comes back to its floor.',
    act: 'A band that only grows has lost its source: compare it with "Records read" of the topic in sheaf-internals.',
    expr: q.or_none(q.sum(q.of('sheaf_processor_entries', bundles + ', status=~"(open|breached).*"'), ['status']), ['status']),
    legend: '{{status}}',
  }),
  panel.areas({
    title: 'Bundles ended in an hour',
    shows: 'Bundles by how they ended, in the hour before each point.',
    normal: 'Completed ones only. `partial` is a time-out with enough children, `forced` and `cancelled` are commands of operators.',
    act: 'Expired bundles were not submitted: `sheaf bundles list --status expired`.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_bundles_closed_total'), ['outcome']), ['outcome']),
    legend: '{{outcome}}',
    colors: outcomes,
  }),
  panel.heatmap({
    title: 'Assembly duration',
    shows: 'How long bundles took from their first to their last event; the darker, the more bundles.',
    normal: 'One dark band, well below the SLA.',
    act: 'A band that rises means that one side comes later than it did: ask the owner of the topic that is late.',
    expr: q.sum('increase(%s[$__rate_interval])' % q.of('sheaf_bundle_assembly_duration_seconds_bucket'), ['le']),
    legend: '{{le}}',
    unit: 's',
    w: 8,
  }),
  panel.areas({
    title: 'Member events by outcome',
    shows: 'Events per second by what became of them. All but `accepted` and `late` were no member of a bundle.',
    normal: 'Nearly all accepted. Duplicates come from producers that send again.',
    act: 'See the table of deviating events below, and the alerts of the kind, which name each event.',
    expr: q.or_none(q.sum(q.rate('sheaf_bundle_events_total'), ['outcome']), ['outcome']),
    legend: '{{outcome}}',
    unit: 'count:events/s',
    colors: { accepted: 'green', late: 'yellow', conflict: 'red', duplicate: 'blue' },
  }),
  panel.areas({
    title: 'Missing side of breaches',
    shows: 'Deadlines that passed in the hour before each point, by what was missing: the parent, children, both, or the condition `complete_when`.',
    normal: 'Nothing.',
    act: 'The side that is missing is the producer to ask. Look for its events among the dead letters too.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_bundle_sla_breaches_total'), ['missing']), ['missing']),
    legend: '{{missing}}',
    colors: { parent: 'orange', child: 'yellow', both: 'red', condition: 'purple' },
  }),
  panel.areas({
    title: 'Alerts by type',
    shows: 'Alerts that were published in the hour before each point. Types without an alert are left out.',
    normal: 'None, or the usual number of `duplicate`.',
    act: 'Each alert has a remedy: see the table of types in the section Alerts of docs/operations.md.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_alert_events_total'), ['type']) + ' > 0', ['type']),
    legend: '{{type}}',
  }),
];

local accounts = [
  panel.table({
    title: 'Balance sheet',
    shows: 'Where the source records are that the running processes have read. `in` is the sum of all others.',
    normal: '`forwarded` and `waiting` have nearly all of them. `waiting` may be below 0 for one instance, not for all of them together.',
    act: 'Many in `deviation`, `expired` or `dead_letter`: see the tables beside. Many `passed`: the `where` of a source does not hold for them.',
    labels: [['column', 'Column']],
    columns: [{
      title: 'Records',
      expr: q.sum(q.of('sheaf_balance_records'), ['column']),
    }],
    w: 5,
  }),
  panel.stat({
    title: 'Records unaccounted for',
    shows: 'The column `in` of the balance sheet less all others.',
    normal: '0. A scrape in the middle of a commit may differ for a moment.',
    act: 'If it stays for five minutes a record was lost or counted twice, which is a bug of sheaf: please report it with the log.',
    expr: '%s - %s' % [
      q.sum(q.of('sheaf_balance_records', 'column="in"')),
      q.sum(q.of('sheaf_balance_records', 'column!="in"')),
    ],
    levels: panel.only_zero,
    w: 3,
    h: 8,
  }),
  panel.table({
    title: 'Deviating events',
    shows: 'Events of the chosen time that were no member of a bundle in time, by role and outcome.',
    normal: '`none`, or some duplicates.',
    act: '`late`, `too_old`, `after_closing`: the producer is behind. `conflict`: it sends another content for one id. `unexpected`, `out_of_range`: the number of children is wrong.',
    labels: [['role', 'Role'], ['outcome', 'Outcome']],
    columns: [{
      title: 'Events',
      expr: q.or_none(
        q.sum(q.in_range('sheaf_bundle_events_total', 'outcome!="accepted"'), ['role', 'outcome']) + ' > 0', ['role', 'outcome']
      ),
      decimals: 0,
    }],
    w: 8,
  }),
  panel.table({
    title: 'Dead letters',
    shows: 'Records that were rejected in the chosen time. `decode`: their bundle could not be determined; `process`: a processor rejected them.',
    normal: '`none`.',
    act: '`sheaf dlq list --filter reason=REASON` names them. The table of reasons is in the section Dead letters of docs/operations.md.',
    labels: [['stage', 'Stage'], ['reason', 'Reason']],
    columns: [{
      title: 'Records',
      expr: q.or_none(q.sum(q.in_range('sheaf_dlq_records_total'), ['stage', 'reason']) + ' > 0', ['stage', 'reason']),
      decimals: 0,
      levels: panel.above(yellow=0.5),
    }],
    w: 8,
  }),
];

local instances = [
  repeated.lag,
  panel.lines({
    title: 'Records behind',
    shows: 'Records between the committed offset and the end of the owned partitions, by topic.',
    normal: 'As many as come within a commit interval, that is near 0.',
    act: 'See "Lag by topic". Add an instance, or raise `num_stream_threads`, if it grows while the processor time is used up.',
    expr: q.sum(q.of('sheaf_consumer_lag_records'), ['application', 'topic']),
    legend: '{{application}} {{topic}}',
  }),
  repeated.instances { gridPos: { w: 8, h: 8 } },
];

dashboard.new(
  'overview',
  'sheaf / Overview',
  'Bundles: what is open, what is late, what was handed on, and whether anything is in the way.',
  [
    { title: 'Now', panels: now },
    { title: 'Bundles', panels: trends },
    { title: 'Where the records are', panels: accounts },
    { title: 'Input and instances', panels: instances },
  ]
)
