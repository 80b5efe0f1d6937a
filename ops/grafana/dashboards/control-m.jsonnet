// What the owner of the delivery asks: does Control-M, or another target, take the bundles, how long does it take, and why not.

local dashboard = import '../lib/dashboard.libsonnet';
local panel = import '../lib/panel.libsonnet';
local q = import '../lib/query.libsonnet';
local repeated = import '../lib/repeated.libsonnet';

local delivery = 'processor="delivery"';
local submissions = {
  accepted: 'green',
  found: 'light-green',
  resolved: 'blue',
  suppressed_duplicate: 'text',
  failed: 'red',
  unknown: 'orange',
};

local ended(outcome) = q.or_zero(q.sum(q.in_range('sheaf_sink_submissions_total', 'outcome=~"%s"' % outcome)));

local now = [
  panel.stat({
    title: 'Open deliveries',
    shows: 'Complete bundles that are not at their target yet.',
    normal: 'A few: those of the last seconds.',
    act: 'See "Open deliveries by status" for what they wait for, and whether a target is suspended.',
    expr: q.or_zero(q.sum(q.of('sheaf_processor_open_entries', delivery))),
    levels: panel.plain,
  }),
  panel.stat({
    title: 'Oldest open delivery',
    shows: 'The age of the oldest delivery under way, to the minute.',
    normal: 'Below a minute or two. After a lost answer it waits for 90 s before it is looked up.',
    act: '`sheaf deliveries show ID` has the latest answer of the target. A delivery gives up after `deliver.give_up_after` (3 days).',
    expr: q.or_zero(q.max(q.of('sheaf_processor_oldest_open_entry_age_seconds', delivery))),
    unit: 's',
    levels: panel.above(yellow=600, red=3600),
  }),
  panel.stat({
    title: 'Accepted in the chosen time',
    shows: 'Submissions that the target has: accepted, found by a look-up after a lost answer, or resolved so by an operator.',
    normal: 'As many as bundles were completed.',
    act: 'Fewer than completed: see the open deliveries, and the failed ones.',
    expr: ended('accepted|found|resolved'),
    decimals: 0,
    levels: panel.plain,
  }),
  panel.stat({
    title: 'Failed in the chosen time',
    shows: 'Submissions that the target refused for good, that could not be rendered, or that gave up.',
    normal: '0.',
    act: '`sheaf deliveries list --status failed`, then mend the template and `sheaf deliveries resubmit ID`, or `retry ID`: "A delivery has failed" in the runbook.',
    expr: ended('failed'),
    decimals: 0,
    levels: panel.above(red=1),
  }),
  panel.stat({
    title: 'Unknown in the chosen time',
    shows: 'Submissions of which nobody knows whether the target has them. They are not sent again.',
    normal: '0.',
    act: 'Search the target for the folder, then `sheaf deliveries resolve ID` or `retry ID`: "Alert delivery_unknown" in docs/delivery.md.',
    expr: ended('unknown'),
    decimals: 0,
    levels: panel.above(red=1),
  }),
  repeated.targets_suspended,
];

local deliveries = [
  panel.areas({
    title: 'Submissions by outcome in an hour',
    shows: 'How submissions ended in the hour before each point. `found`: a look-up has shown that a call without an answer was executed. `suppressed_duplicate`: the bundle was submitted before.',
    normal: 'Accepted only.',
    act: 'Failed: "A delivery has failed" in the runbook. Many found: answers are lost, see "Retries by reason in an hour".',
    expr: q.or_none(q.sum(q.in_hour('sheaf_sink_submissions_total'), ['outcome']), ['outcome']),
    legend: '{{outcome}}',
    colors: submissions,
  }),
  panel.areas({
    title: 'Open deliveries by status',
    shows: '`submitting`: a call is in flight. `waiting`: not executed, tried again. `unsure`, `looking-up`: the answer was lost.',
    normal: 'A few that are submitting.',
    act: 'Waiting: the target is busy or suspended. Unsure: answers are lost, see the status codes and the time-outs.',
    expr: q.or_none(
      q.sum(q.of('sheaf_processor_entries', delivery + ', status=~"submitting|waiting|unsure|looking-up"'), ['status']), ['status']
    ),
    legend: '{{status}}',
    colors: { submitting: 'green', waiting: 'yellow', unsure: 'orange', 'looking-up': 'blue' },
  }),
  panel.areas({
    title: 'Retries by reason in an hour',
    shows: 'Repeated calls by reason, in the hour before each point.',
    normal: 'None, or a few `inherited` after a restart or a rebalance.',
    act: '`busy`: the target limits the rate, lower `control_m.in_flight_max`. `lost_answer`: time-outs or a proxy, look at the target. `not_sent`: the intent expired first, or the instance stopped. `suspended`: see the targets.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_sink_retries_total'), ['reason']), ['reason']),
    legend: '{{reason}}',
  }),
  panel.lines({
    title: 'Delivery duration',
    shows: 'From the submission of a complete bundle to its acceptance at the target: quantiles of the last minutes. No line while nothing is accepted.',
    normal: 'Little more than the duration of a request.',
    act: 'Much more: answers are lost or the target is busy ("Retries by reason in an hour"), or bundles wait for capacity ("Calls in flight", "Queued acts").',
    queries: q.quantiles(q.rate('sheaf_delivery_duration_seconds_bucket')),
    unit: 's',
  }),
  panel.areas({
    title: 'Templates rendered, by result',
    shows: 'Definitions that were rendered in the hour before each point. All but `ok` have failed their delivery. Results that did not occur are left out.',
    normal: '`ok` only.',
    act: 'Mend the template: `sheaf render` shows the error with line and expression. Then `sheaf deliveries resubmit --status failed`.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_template_renders_total'), ['result']) + ' > 0', ['result']),
    legend: '{{result}}',
    colors: { ok: 'green' },
  }),
  panel.areas({
    title: 'Commands of operators',
    shows: 'Commands to deliveries in the hour before each point, accepted or rejected.',
    normal: 'None, or few.',
    act: 'Rejected ones have their reason in `sheaf audit tail`.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_processor_commands_total', delivery), ['verdict']), ['verdict']),
    legend: '{{verdict}}',
    colors: { accepted: 'green', rejected: 'red' },
  }),
];

local targets = [
  panel.timeline({
    title: 'Suspended targets',
    shows: 'Whether a target refuses everybody, by reason.',
    normal: 'All `open`.',
    act: 'Mend what the ERROR of the log names: key, address, certificate, proxy. Nothing has to be sent again.',
    expr: q.or_none(q.max(q.shared_of('sheaf_sink_suspended'), ['target', 'reason']), ['target', 'reason']),
    legend: '{{target}} {{reason}}',
    states: { '0': ['open', 'green'], '1': ['suspended', 'red'] },
  }),
  panel.timeline({
    title: 'Rate limit of targets',
    shows: 'Whether the rate that is configured for a target is used up, so that its bundles wait.',
    normal: 'All `free`, with short exceptions.',
    act: 'If it is used up all the time raise the limit of the sink, or accept that bundles wait.',
    expr: q.or_none(q.max(q.shared_of('sheaf_sink_rate_limited'), ['target']), ['target']),
    legend: '{{target}}',
    states: { '0': ['free', 'green'], '1': ['used up', 'yellow'] },
  }),
  panel.lines({
    title: 'Calls in flight',
    shows: 'Calls to each target that have no answer yet, over all instances.',
    normal: 'Below `control_m.in_flight_max` (16) times the number of instances.',
    act: 'At the limit all the time: the target is slow, see the request durations.',
    expr: q.or_none(q.sum(q.shared_of('sheaf_sink_in_flight'), ['target']), ['target']),
    legend: '{{target}}',
  }),
  panel.lines({
    title: 'Queued acts',
    shows: 'Calls that wait for capacity at their target, in tasks whose other targets have some.',
    normal: '0.',
    act: 'One target holds its calls back: see whether it is suspended, rate limited or slow.',
    expr: q.or_none(q.sum(q.of('sheaf_processor_queued_acts'), ['processor', 'target']), ['processor', 'target']),
    legend: '{{processor}} {{target}}',
  }),
  panel.lines({
    title: 'Requests by status code',
    shows: 'HTTP calls per second by target and status code. 0: there was no response. The check of the address, at the start and while a target is suspended, is answered by 400.',
    normal: '200, and a few 400 of checks.',
    act: '401, 403: the credential. 429, 503: the target is busy. 500, 502, 504 and 0: the answer is lost, and the delivery is looked up.',
    expr: q.or_none(
      q.sum(q.shared_rate('sheaf_sink_request_duration_seconds_count'), ['target', 'code']), ['target', 'code']
    ),
    legend: '{{target}} {{code}}',
    unit: 'reqps',
  }),
] + [
  panel.lines({
    title: 'Request duration, p%g' % (quantile * 100),
    shows: 'The duration of HTTP calls by operation: the time below which %g %% of them were in the last minutes. No line while there is no call.' % (quantile * 100),
    normal: 'Below a second. A call ends at the latest after `control_m.request_timeout` (60 s).',
    act: 'Look at the load of the target and at the network. Calls that take longer than the time-out are lost answers.',
    expr: q.quantile(quantile, q.shared_rate('sheaf_sink_request_duration_seconds_bucket'), ['operation']),
    legend: '{{operation}}',
    unit: 's',
    levels: panel.above(yellow=10, red=30),
  })
  for quantile in [0.5, 0.95, 0.99]
];

local tables = [
  panel.table({
    title: 'Requests in the chosen time',
    shows: 'HTTP calls by target, operation and status code.',
    normal: '`submit` with 200; `look_up` and `check` are few.',
    act: 'See "Responses" in docs/delivery.md for what each code means for a submission.',
    labels: [['target', 'Target'], ['operation', 'Operation'], ['code', 'Code']],
    columns: [{
      title: 'Calls',
      expr: q.or_none(
        q.sum(q.shared_in_range('sheaf_sink_request_duration_seconds_count'), ['target', 'operation', 'code']) + ' > 0',
        ['target', 'operation', 'code']
      ),
      decimals: 0,
    }],
    w: 12,
  }),
  panel.table({
    title: 'Targets',
    shows: 'Each target with its calls in flight now, and whether it is suspended or its rate is used up (1).',
    normal: '0 in the last two columns.',
    act: '`sheaf instances -o json` has the answer of a target that is suspended.',
    labels: [['target', 'Target']],
    columns: [
      { title: 'In flight', expr: q.or_none(q.sum(q.shared_of('sheaf_sink_in_flight'), ['target']), ['target']) },
      {
        title: 'Suspended',
        expr: q.or_none(q.max(q.shared_of('sheaf_sink_suspended'), ['target']), ['target']),
        levels: panel.above(red=1),
      },
      {
        title: 'Rate used up',
        expr: q.or_none(q.max(q.shared_of('sheaf_sink_rate_limited'), ['target']), ['target']),
        levels: panel.above(yellow=1),
      },
    ],
    w: 12,
  }),
];

local people = [
  panel.areas({
    title: 'Messages to people',
    shows: 'Messages about alerts in the hour before each point, by how they ended. `rate_limited` ones gathered what the limit of messages per hour held back.',
    normal: '`sent` only, and few.',
    act: '`refused`, `gave_up`: these people were not told. `sheaf alerts test` sends a message through each route and prints the answers.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_notification_messages_total'), ['outcome']), ['outcome']),
    legend: '{{outcome}}',
    colors: { sent: 'green', refused: 'red', gave_up: 'orange', rate_limited: 'yellow' },
  }),
  panel.areas({
    title: 'Repeated messages',
    shows: 'Repeated attempts to send a message, by reason, in the hour before each point.',
    normal: 'None.',
    act: 'The service of the sink is busy or cannot be reached: see its status codes above.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_notification_retries_total'), ['reason']), ['reason']),
    legend: '{{reason}}',
  }),
  panel.areas({
    title: 'Alerts to people',
    shows: 'Alerts in the hour before each point, once for each route that takes them. `unrouted`: no route takes them. `not_shown`: their message only counts them.',
    normal: '`gathered`.',
    act: 'Unrouted ones reach nobody: add a route to `alerts.routes` if they should.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_notification_alerts_total'), ['outcome']), ['outcome']),
    legend: '{{outcome}}',
  }),
];

dashboard.new(
  'control-m',
  'sheaf / Control-M',
  'Delivery: whether Control-M and other targets take the bundles, how long it takes, and why not.',
  [
    { title: 'Now', panels: now },
    { title: 'Deliveries', panels: deliveries },
    { title: 'Targets', panels: targets },
    { title: 'By target', panels: tables },
    { title: 'Messages to people', panels: people },
  ]
)
