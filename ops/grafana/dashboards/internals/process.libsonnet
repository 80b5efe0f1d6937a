// What is around it: the Kafka client, the process, the log, the HTTP server, and what is read again while it runs.

local panel = import '../../lib/panel.libsonnet';
local q = import '../../lib/query.libsonnet';

local client = [
  panel.lines({
    title: 'Round trip by broker',
    shows: 'The average time from a request to its answer, by broker, of the slowest instance. Fetches that wait for records count too.',
    normal: 'Milliseconds, and up to the wait of a fetch where nothing comes.',
    act: 'One broker: look at it. All: look at the network.',
    expr: q.max(q.of('sheaf_kafka_broker_round_trip_seconds'), ['broker']),
    legend: '{{broker}}',
    unit: 's',
    w: 12,
  }),
  panel.areas({
    title: 'Trouble with brokers',
    shows: 'Requests that timed out, connections that were closed, and requests that could not be sent, by broker, in the hour before each point.',
    normal: 'A disconnect of an idle connection now and then.',
    act: 'Time-outs: the broker or the network is slow. Many disconnects of one broker: it restarts, or a firewall closes idle connections.',
    queries: [
      {
        legend: '{{broker}} time-outs',
        expr: q.or_none(q.sum(q.in_hour('sheaf_kafka_broker_request_timeouts_total'), ['broker']), ['broker']),
      },
      {
        legend: '{{broker}} disconnects',
        expr: q.or_none(q.sum(q.in_hour('sheaf_kafka_broker_disconnects_total'), ['broker']), ['broker']),
      },
      {
        legend: '{{broker}} not sent',
        expr: q.or_none(q.sum(q.in_hour('sheaf_kafka_broker_transmit_errors_total'), ['broker']), ['broker']),
      },
    ],
    w: 12,
  }),
  panel.lines({
    title: 'Life of the token for Kafka',
    shows: 'What is left of the token with which an instance logs in (OAUTHBEARER); 0 without such a login.',
    normal: 'A saw tooth: each token is replaced after three quarters of its life.',
    act: 'A line that falls to 0: see SheafKafkaTokenFailing.',
    expr: 'clamp_min(max by (instance) (%s - time()), 0)' % q.of('sheaf_kafka_token_expiry_timestamp_seconds'),
    legend: '{{instance}}',
    unit: 's',
    w: 24,
  }),
];

local process = [
  panel.lines({
    title: 'CPU',
    shows: 'Processor time per second, by instance: 1 is one core.',
    normal: 'Below the number of stream threads.',
    act: 'At the limit of the container while lag grows: give it more, raise `num_stream_threads`, or start another instance.',
    expr: q.sum(q.shared_rate('process_cpu_seconds_total'), ['instance']),
    legend: '{{instance}}',
    w: 6,
  }),
  panel.lines({
    title: 'Memory',
    shows: 'Resident memory, by instance.',
    normal: 'Level after the caches are full.',
    act: 'Near the limit of the container: give it more, or lower the memory settings in docs/configuration.md.',
    expr: q.sum(q.shared_of('process_resident_memory_bytes'), ['instance']),
    legend: '{{instance}}',
    unit: 'bytes',
    w: 6,
  }),
  panel.lines({
    title: 'Open files',
    shows: 'Open file descriptors as a part of the limit, by instance. RocksDB keeps its files open.',
    normal: 'Below one half.',
    act: 'Raise the limit of the process (`ulimit -n`, `LimitNOFILE`).',
    expr: q.max(
      q.shared('%s / %s' % [q.here('process_open_fds'), q.here('process_max_fds')]), ['instance']
    ),
    legend: '{{instance}}',
    unit: 'percentunit',
    max: 1,
    levels: panel.above(yellow=0.7, red=0.9),
    w: 6,
  }),
  panel.lines({
    title: 'Threads',
    shows: 'Threads of the operating system, by instance.',
    normal: 'Level.',
    act: 'If it grows without end please report it.',
    expr: q.sum(q.shared_of('process_threads'), ['instance']),
    legend: '{{instance}}',
    w: 6,
  }),
];

local diagnostics = [
  panel.areas({
    title: 'Log lines',
    shows: 'Log lines of the levels WARN and ERROR in the hour before each point.',
    normal: 'No ERROR. WARN: unexpected, but nothing is lost.',
    act: 'Read the log of the instance.',
    expr: q.sum(q.shared_in_hour('sheaf_log_messages_total'), ['level']),
    legend: '{{level}}',
    colors: { warn: 'yellow', 'error': 'red' },
    w: 6,
  }),
  panel.areas({
    title: 'Internal errors by kind',
    shows: 'Errors of sheaf itself that were ignored, in the hour before each point.',
    normal: 'None.',
    act: 'Please report them, with the log.',
    expr: q.sum(q.in_hour('sheaf_internal_errors_total'), ['kind']),
    legend: '{{kind}}',
    w: 6,
  }),
  panel.lines({
    title: 'HTTP requests',
    shows: 'Answered requests per second to the HTTP server (console, API, metrics), by status.',
    normal: '200, and those of Prometheus all the time.',
    act: '401, 403: a wrong token. 503: the instance is not ready, or a command was not executed yet. 500: see the log.',
    expr: q.sum(q.shared_rate('sheaf_http_requests_total'), ['status']),
    legend: '{{status}}',
    unit: 'reqps',
    w: 6,
  }),
  panel.lines({
    title: 'HTTP duration, p95',
    shows: 'The time to the head of an answer, by route: 95 % were below it in the last minutes. No line for a route that nobody asks.',
    normal: 'Milliseconds; seconds for routes that wait, such as commands.',
    act: 'Lists that ask other instances wait for those that do not answer.',
    expr: q.quantile(0.95, q.shared_rate('sheaf_http_request_duration_seconds_bucket'), ['route']),
    legend: '{{route}}',
    unit: 's',
    w: 6,
  }),
];

local refresh = [
  panel.areas({
    title: 'Looks at templates and secrets',
    shows: 'In the hour before each point: looks at the templates (every ten seconds), and secrets that were read, by result.',
    normal: 'No `failed`.',
    act: 'Templates: `sheaf validate` tells what is wrong, the former one stays in use. Secrets: the log names the reference that cannot be read.',
    queries: [
      {
        legend: 'template {{result}}',
        expr: q.or_none(q.sum(q.shared_in_hour('sheaf_template_looks_total'), ['result']), ['result']),
      },
      {
        legend: 'secret {{result}}',
        expr: q.or_none(q.sum(q.shared_in_hour('sheaf_secret_refreshes_total'), ['result']), ['result']),
      },
    ],
    w: 8,
  }),
  panel.lines({
    title: 'Time since the last reading',
    shows: 'How long ago all templates could be read and used, all secrets could be read, and the configuration was reloaded (or the instance started), of the instance where it is longest ago.',
    normal: 'Secrets: minutes, if some are in a file or in AWS. The others as long ago as their last change.',
    act: 'Secrets that are not read for an hour: the source cannot be reached, and a rotated key will not be found.',
    queries: [
      {
        legend: 'templates',
        expr: 'time() - %s' % q.min(q.shared(q.here('sheaf_template_last_look_timestamp_seconds') + ' > 0')),
      },
      {
        legend: 'secrets',
        expr: 'time() - %s' % q.min(q.shared(q.here('sheaf_secret_last_refresh_timestamp_seconds') + ' > 0')),
      },
      {
        legend: 'configuration',
        expr: 'time() - %s' % q.min(q.shared(q.here('sheaf_config_last_reload_timestamp_seconds') + ' > 0')),
      },
    ],
    unit: 's',
    w: 8,
  }),
  panel.timeline({
    title: 'Reload of the configuration',
    shows: 'Whether the last reload (SIGHUP) of each instance was taken.',
    normal: 'All `in force`.',
    act: 'The ERROR of the log names what is wrong. Mend the file and send SIGHUP again.',
    expr: q.min(q.shared_of('sheaf_config_last_reload_successful'), ['instance']),
    legend: '{{instance}}',
    states: { '0': ['refused', 'red'], '1': ['in force', 'green'] },
    w: 8,
    h: 8,
  }),
];

[
  { title: 'Kafka client', panels: client },
  { title: 'Process', panels: process },
  { title: 'Log and HTTP', panels: diagnostics },
  { title: 'Templates, secrets and configuration', panels: refresh },
]
