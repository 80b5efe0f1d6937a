// Panels that several dashboards have.

local panel = import 'panel.libsonnet';
local q = import 'query.libsonnet';

local states = ['created', 'joining', 'restoring', 'running', 'draining', 'error'];
local colors = ['text', 'blue', 'yellow', 'green', 'purple', 'red'];

{
  // The state of an instance is a label; here it is a number, from 1.
  instances: panel.timeline({
    title: 'Instance states',
    shows: 'The state of each instance. A gap: Prometheus could not scrape it.',
    normal: 'All `running`. `joining` and `restoring` follow a start or a rebalance.',
    act: 'A gap: start the instance; its log has the reason why it ended. `restoring` for long: "Records to restore" in sheaf-internals. `error`: the log has an ERROR.',
    expr: q.sum(
      std.join(' or ', [
        '%d * %s' % [index + 1, q.of('sheaf_instance_state', 'state="%s"' % states[index])]
        for index in std.range(0, std.length(states) - 1)
      ]), ['application', 'instance']
    ),
    legend: '{{application}} {{instance}}',
    states: { [std.toString(index + 1)]: [states[index], colors[index]] for index in std.range(0, std.length(states) - 1) },
  }),

  tasks_not_running: panel.stat({
    title: 'Tasks not running',
    shows: 'Tasks of the application that no instance runs, because they have no owner or are being restored. Their partitions wait. Counts all instances.',
    normal: '0, but for a minute after an instance was started or has failed.',
    act: 'Start the missing instance, or wait until the restore has ended: "Records to restore" in sheaf-internals.',
    expr: '%s - %s' % [
      q.sum(q.max(q.everywhere('sheaf_application_tasks'), ['application'])),
      q.sum(q.everywhere('sheaf_tasks', 'kind="active", state="running"')),
    ],
    levels: panel.above(red=1),
  }),

  longest_lag: panel.stat({
    title: 'Longest lag',
    shows: 'For how long the next record of the partition that is furthest behind has waited to be processed.',
    normal: 'A few seconds.',
    act: 'See "Lag by topic" for where, and sheaf-internals for why: too few instances, a restore, a slow broker.',
    expr: q.max(q.of('sheaf_consumer_lag_seconds')),
    unit: 's',
    levels: panel.above(yellow=60, red=300),
  }),

  lag: panel.lines({
    title: 'Lag by topic',
    shows: 'For how long the next record has waited to be processed, of the partition that is furthest behind.',
    normal: 'Seconds.',
    act: 'All topics: instances are missing, or a broker is slow. One topic: see "Partitions that stand still".',
    expr: q.max(q.of('sheaf_consumer_lag_seconds'), ['application', 'topic']),
    legend: '{{application}} {{topic}}',
    unit: 's',
    levels: panel.above(red=300),
  }),

  targets_suspended: panel.stat({
    title: 'Targets suspended',
    shows: 'Targets that refuse everybody. Their bundles wait and none fails; a probe repeats, at most a minute apart.',
    normal: '0.',
    act: 'The ERROR in the log has the answer and the remedy. See "Control-M refuses everybody" in the runbook.',
    expr: q.or_zero('count(%s > 0)' % q.max(q.shared_of('sheaf_sink_suspended'), ['target'])),
    levels: panel.above(red=1),
  }),
}
