// What the owner of a workflow asks: which flows run, where they wait, who has to do something, and what was ignored.

local dashboard = import '../lib/dashboard.libsonnet';
local panel = import '../lib/panel.libsonnet';
local q = import '../lib/query.libsonnet';

local flow = 'processor="flow"';
local events = { started: 'blue', completed: 'green', failed: 'red', cancelled: 'purple', reopened: 'yellow' };

local entries(status) = q.of('sheaf_processor_entries', flow + ', status=~"%s"' % status);

local now = [
  panel.stat({
    title: 'Open flows',
    shows: 'Flows that have begun and not ended.',
    normal: 'Any number that does not grow from day to day.',
    act: 'See "What flows wait for" for the step at which they gather.',
    expr: q.or_zero(q.sum(q.of('sheaf_processor_open_entries', flow))),
    levels: panel.plain,
  }),
  panel.stat({
    title: 'Held flows',
    shows: 'Flows with a step in trouble that nothing handles. They wait for an operator.',
    normal: '0.',
    act: '`sheaf flows list --status held` names them, `sheaf flows show ID` the step and the reason. See "A flow is held" in the runbook.',
    expr: q.or_zero(q.sum(entries('open/held'))),
    levels: panel.above(red=1),
  }),
  panel.stat({
    title: 'Tasks of people',
    shows: 'Flows in which a person has to do something now.',
    normal: 'As many as people can do in a day.',
    act: '`sheaf flows tasks` lists them by role. If they grow nobody does them, or nobody sees the topic or the list.',
    expr: q.or_zero(q.sum(entries('human(/.*)?'))),
    levels: panel.plain,
  }),
  panel.stat({
    title: 'Failed in the chosen time',
    shows: 'Flows that ended by a `fail` step.',
    normal: '0, unless a definition ends flows so on purpose.',
    act: '`sheaf flows list --status failed` names them. If one is to go on: `sheaf flows rerun ID --step STEP`.',
    expr: q.or_zero(q.sum(q.in_range('sheaf_flows_total', 'event="failed"'))),
    decimals: 0,
    levels: panel.above(yellow=1),
  }),
  panel.stat({
    title: 'Oldest open flow',
    shows: 'The age of the oldest open flow, to the minute.',
    normal: 'As long as the longest flow of the definitions takes, with its people.',
    act: '`sheaf flows list` names it, `sheaf flows show ID` what it waits for.',
    expr: q.or_zero(q.max(q.of('sheaf_processor_oldest_open_entry_age_seconds', flow))),
    unit: 's',
    levels: panel.plain,
  }),
  panel.stat({
    title: 'Next time of a flow in',
    shows: 'The time until the next timer of a flow: a try, a sleep, a reminder or a limit. Negative: it has passed and was not acted on.',
    normal: 'Positive, or none.',
    act: 'A timer waits for records that were written before it: "Deadline hold" in sheaf-internals. Or a task has no owner.',
    expr: '(%s - time()) or %s' % [
      q.min(q.of('sheaf_processor_next_deadline_timestamp_seconds', flow) + ' > 0'),
      q.or_zero(q.max(q.of('sheaf_processor_next_deadline_timestamp_seconds', flow))),
    ],
    unit: 's',
    mappings: [{ type: 'value', options: { '0': { text: 'none', color: 'text', index: 0 } } }],
    levels: panel.below(yellow=0, red=-60),
  }),
];

local flows = [
  panel.areas({
    title: 'Flows by event in an hour',
    shows: 'Flows that were started, completed, failed, cancelled or reopened in the hour before each point.',
    normal: 'As many completed as started, later by the duration of a flow.',
    act: 'Started but not completed: see "What flows wait for". Failed: `sheaf flows list --status failed`.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_flows_total'), ['event']), ['event']),
    legend: '{{event}}',
    colors: events,
    w: 12,
  }),
  panel.areas({
    title: 'Open flows by status',
    shows: 'Open flows: running, or held for want of a handler.',
    normal: 'All running.',
    act: 'Held ones wait for an operator: "A flow is held" in the runbook.',
    expr: q.or_none(q.sum(entries('open/.*'), ['status']), ['status']),
    legend: '{{status}}',
    w: 12,
  }),
  panel.areas({
    title: 'Steps by event in an hour',
    shows: 'Steps that were begun (each try counts), held or reminded of in the hour before each point.',
    normal: 'Begun only.',
    act: 'Many more begun than flows explain: a call or a task is tried again and again. `reminded`: a worker or a person is late.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_flow_steps_total'), ['event']), ['event']),
    legend: '{{event}}',
    colors: { begun: 'blue', held: 'red', reminded: 'yellow' },
  }),
  panel.areas({
    title: 'Ignored messages by reason',
    shows: 'Messages to flows that changed nothing, in the hour before each point. Reasons without a message are left out.',
    normal: 'None, or `repeated`, because workers repeat their answers.',
    act: '`former_attempt`, `too_late`: a worker answers after its limit. `no_such_step`, `not_asked`: it answers what was not asked. See the alerts `flow_answer_ignored`.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_flow_messages_ignored_total'), ['why']) + ' > 0', ['why']),
    legend: '{{why}}',
  }),
  panel.areas({
    title: 'Alerts of flows',
    shows: 'Alerts about flows in the hour before each point. Types without an alert are left out.',
    normal: 'None.',
    act: 'The section "What is kept, counted, told and rejected" of docs/flow.md says what to do for each type.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_alert_events_total', 'type=~"flow_.*"'), ['type']) + ' > 0', ['type']),
    legend: '{{type}}',
    colors: { flow_held: 'red', flow_failed: 'orange', flow_reminder: 'yellow', flow_answer_ignored: 'blue' },
  }),
  panel.lines({
    title: 'Tasks of people over time',
    shows: 'Flows in which a person has to do something, over time.',
    normal: 'It falls during working hours.',
    act: 'See who claims them with `sheaf flows tasks`, and give them to others with `sheaf flows reassign`.',
    expr: q.or_zero(q.sum(entries('human(/.*)?'))),
    legend: 'tasks of people',
  }),
  panel.areas({
    title: 'Commands of operators',
    shows: 'Commands to flows in the hour before each point, accepted or rejected.',
    normal: 'Few; those of people who do their tasks by the console count too.',
    act: 'Rejected ones have their reason in `sheaf audit tail`.',
    expr: q.or_none(q.sum(q.in_hour('sheaf_processor_commands_total', flow), ['verdict']), ['verdict']),
    legend: '{{verdict}}',
    colors: { accepted: 'green', rejected: 'red' },
  }),
  panel.lines({
    title: 'Lateness of timers',
    shows: 'How much later than due tries, sleeps, reminders and limits of flows begin: quantiles of the last minutes. No line while none is due.',
    normal: 'Below a second.',
    act: 'The instance has too much to do, or its tasks were moved: see sheaf-internals.',
    queries: q.quantiles(q.rate('sheaf_processor_timer_lateness_seconds_bucket', flow)),
    unit: 's',
    levels: panel.above(red=60),
  }),
];

local tables = [
  panel.table({
    title: 'What flows wait for',
    shows: 'Open flows by status (`open/..`), and by what they wait for: `human` a person, `held` an operator, `at` a worker, a service or a time.',
    normal: 'Most of them wait for people and for slow services.',
    act: 'Flows that gather `at` steps have no worker, or a slow one. The page of a definition in the console (`/flows/NAME`) has the number at each step.',
    labels: [['application', 'Application'], ['status', 'Status']],
    columns: [{
      title: 'Flows',
      expr: q.or_none(
        q.sum(q.of('sheaf_processor_entries', flow + ', status!~"closed.*"'), ['application', 'status']) + ' > 0', ['application', 'status']
      ),
    }],
    w: 12,
  }),
  panel.table({
    title: 'Records of flows that were rejected',
    shows: 'Records that the processors of flows have rejected in the chosen time, by reason. They are dead letters.',
    normal: '`none`.',
    act: '`sheaf dlq list --filter processor=flow` names them. The table of reasons is in "What is kept, counted, told and rejected" of docs/flow.md.',
    labels: [['reason', 'Reason']],
    columns: [{
      title: 'Records',
      expr: q.or_none(q.sum(q.in_range('sheaf_processor_dropped_records_total', flow), ['reason']) + ' > 0', ['reason']),
      decimals: 0,
      levels: panel.above(yellow=0.5),
    }],
    w: 12,
  }),
];

dashboard.new(
  'flows',
  'sheaf / Flows',
  'Flows: which run, where they wait, who has to do something, and what was ignored.',
  [
    { title: 'Now', panels: now },
    { title: 'Flows', panels: flows },
    { title: 'By step and reason', panels: tables },
  ]
)
