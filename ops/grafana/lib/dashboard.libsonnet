// A dashboard: its variables, its links, and the places of its panels.

local datasource = { type: 'prometheus', uid: '${datasource}' };

local variable(name, label, query) = {
  allValue: '.*',
  current: { selected: true, text: ['All'], value: ['$__all'] },
  datasource: datasource,
  definition: query,
  hide: 0,
  includeAll: true,
  label: label,
  multi: true,
  name: name,
  options: [],
  query: { qryType: 1, query: query, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
  refresh: 2,
  regex: '',
  skipUrlSync: false,
  sort: 1,
  type: 'query',
};

local variables = [
  {
    current: {},
    hide: 0,
    includeAll: false,
    label: 'Data source',
    multi: false,
    name: 'datasource',
    options: [],
    query: 'prometheus',
    refresh: 1,
    regex: '',
    skipUrlSync: false,
    type: 'datasource',
  },
  variable('application', 'Application', 'label_values(sheaf_build_info, application)'),
  variable('instance', 'Instance', 'label_values(sheaf_build_info{application=~"$application"}, instance)'),
];

local annotations = [
  {
    builtIn: 1,
    datasource: { type: 'grafana', uid: '-- Grafana --' },
    enable: true,
    hide: true,
    iconColor: 'rgba(0, 211, 255, 1)',
    name: 'Annotations & Alerts',
    type: 'dashboard',
  },
  {
    datasource: datasource,
    enable: true,
    iconColor: 'red',
    name: 'Alerts',
    tagKeys: 'severity',
    target: { expr: 'ALERTS{alertname=~"Sheaf.+", alertstate="firing"}', interval: '', refId: 'Anno' },
    textFormat: '{{application}} {{instance}}',
    titleFormat: '{{alertname}}',
  },
  {
    datasource: datasource,
    enable: true,
    iconColor: 'blue',
    name: 'Starts',
    target: {
      expr: '1000 * process_start_time_seconds{instance=~"$instance"} and on (instance, job) sheaf_build_info{application=~"$application"}',
      interval: '',
      refId: 'Anno',
    },
    textFormat: '{{instance}}',
    titleFormat: 'The process started',
    useValueForTime: true,
  },
];

// Panels from left to right, in lines as high as their highest panel.
local placed(sections) =
  local row(title) = { type: 'row', title: title, collapsed: false, panels: [], gridPos: { w: 24, h: 1 } };
  local all = std.flattenArrays([[row(section.title)] + section.panels for section in sections]);
  std.foldl(
    function(state, panel)
      local size = panel.gridPos;
      assert size.w <= 24 : 'the panel %s is wider than the page' % panel.title;
      local fits = state.x + size.w <= 24;
      local at = if fits then state else state { x: 0, y: state.y + state.line, line: 0 };
      {
        x: at.x + size.w,
        y: at.y,
        line: std.max(at.line, size.h),
        panels: state.panels + [panel { id: std.length(state.panels) + 1, gridPos+: { x: at.x, y: at.y } }],
      },
    all,
    { x: 0, y: 0, line: 0, panels: [] }
  ).panels;

{
  // `sections` are [{ title, panels }].
  new(name, title, description, sections):: {
    annotations: { list: annotations },
    description: description,
    editable: true,
    fiscalYearStartMonth: 0,
    graphTooltip: 1,
    id: null,
    links: [{
      asDropdown: false,
      icon: 'dashboard',
      includeVars: true,
      keepTime: true,
      tags: ['sheaf'],
      targetBlank: false,
      title: '',
      tooltip: '',
      type: 'dashboards',
      url: '',
    }],
    panels: placed(sections),
    refresh: '30s',
    schemaVersion: 39,
    tags: ['sheaf'],
    templating: { list: variables },
    time: { from: 'now-6h', to: 'now' },
    timepicker: {},
    timezone: 'browser',
    title: title,
    uid: 'sheaf-' + name,
    weekStart: '',
  },
}
