// The kinds of panels. Each takes one object:
//
//   title, shows, normal, act   what it shows, what is normal, what to do if it is not: the description
//   expr and legend             one query, or queries: [{ expr, legend }]
//   unit, min, max, decimals    Grafana's
//   levels                      thresholds: above(..), below(..)
//   colors                      of series: { name: color }
//   w, h                        the size in columns (of 24) and rows; dashboard.libsonnet finds the place
local datasource = { type: 'prometheus', uid: '${datasource}' };

local given(it, names) = { [name]: it[name] for name in names if std.objectHas(it, name) };

local target(index, query, more) = {
  datasource: datasource,
  editorMode: 'code',
  expr: query.expr,
  legendFormat: std.get(query, 'legend', '__auto'),
  refId: std.char(std.codepoint('A') + index),
} + more;

local targets(it, more) =
  local queries = if std.objectHas(it, 'queries') then it.queries else [given(it, ['expr', 'legend'])];
  std.mapWithIndex(function(index, query) target(index, query, more), queries);

local now = { instant: true, range: false };
local over_time = { instant: false, range: true };

local visible = { hideFrom: { legend: false, tooltip: false, viz: false } };
local thresholds(levels) = { mode: 'absolute', steps: levels };

local panel(kind, it) = {
  type: kind,
  title: it.title,
  description: '%s\n\n**Normal:** %s\n\n**If not:** %s' % [it.shows, it.normal, it.act],
  datasource: datasource,
  gridPos: { w: it.w, h: it.h },
  fieldConfig: {
    defaults: {
      color: { mode: it.color },
      mappings: std.get(it, 'mappings', []),
      thresholds: thresholds(std.get(it, 'levels', [{ color: 'green', value: null }])),
    } + given(it, ['unit', 'min', 'max', 'decimals']),
    overrides: [
      {
        matcher: { id: 'byName', options: name },
        properties: [{ id: 'color', value: { fixedColor: it.colors[name], mode: 'fixed' } }],
      }
      for name in std.objectFields(std.get(it, 'colors', {}))
    ],
  },
};

local graph(drawing, wanted) =
  local it = { w: 8, h: 8, unit: 'short', color: 'palette-classic', min: 0 } + wanted;
  panel('timeseries', it) {
    fieldConfig+: {
      defaults+: {
        custom: visible {
          axisBorderShow: false,
          axisCenteredZero: false,
          axisColorMode: 'text',
          axisLabel: '',
          axisPlacement: 'auto',
          barAlignment: 0,
          drawStyle: 'line',
          fillOpacity: drawing.fill,
          gradientMode: 'none',
          insertNulls: false,
          lineInterpolation: 'linear',
          lineWidth: 1,
          pointSize: 4,
          scaleDistribution: { type: 'linear' },
          showPoints: 'never',
          spanNulls: false,
          stacking: { group: 'A', mode: drawing.stacking },
          thresholdsStyle: { mode: if std.objectHas(it, 'levels') then 'dashed' else 'off' },
        },
      },
    },
    options: {
      legend: {
        calcs: ['lastNotNull', 'max'],
        displayMode: 'table',
        placement: 'bottom',
        showLegend: true,
        sortBy: 'Max',
        sortDesc: true,
      },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    targets: targets(it, over_time),
  };

{
  // One number of now. `today: true` makes the range of the panel the day so far.
  stat(wanted)::
    local it = { w: 4, h: 4, unit: 'short', color: 'thresholds' } + wanted;
    panel('stat', it) {
      options: {
        colorMode: 'value',
        graphMode: 'none',
        justifyMode: 'auto',
        orientation: 'auto',
        percentChangeColorMode: 'standard',
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        showPercentChange: false,
        textMode: 'value',
        wideLayout: true,
      },
      targets: targets(it, now),
      [if std.get(it, 'today', false) then 'timeFrom']: 'now/d',
    },

  // Series over time.
  lines(wanted):: graph({ fill: 8, stacking: 'none' }, wanted),
  // The same, one on the other: parts of a whole.
  areas(wanted):: graph({ fill: 50, stacking: 'normal' }, wanted),

  // The buckets of a histogram; `expr` has the label `le`.
  heatmap(wanted)::
    local it = { w: 8, h: 8, color: 'thresholds' } + wanted;
    panel('heatmap', it) {
      fieldConfig: { defaults: { custom: visible { scaleDistribution: { type: 'linear' } } }, overrides: [] },
      options: {
        calculate: false,
        cellGap: 1,
        cellValues: { unit: 'short' },
        color: {
          exponent: 0.5,
          fill: 'dark-orange',
          mode: 'scheme',
          reverse: false,
          scale: 'exponential',
          scheme: 'Oranges',
          steps: 64,
        },
        exemplars: { color: 'rgba(255,0,255,0.7)' },
        filterValues: { le: 1e-9 },
        legend: { show: true },
        rowsFrame: { layout: 'auto' },
        showValue: 'never',
        tooltip: { mode: 'single', showColorScale: false, yHistogram: false },
        yAxis: { axisPlacement: 'left', reverse: false, unit: it.unit },
      },
      // Few events fall into the seconds of a screen's column.
      interval: '5m',
      targets: targets(it, over_time { format: 'heatmap' }),
    },

  // The value of each series as a band of colours; `states` are { value: [text, color] }.
  timeline(wanted)::
    local it = {
      w: 12,
      h: 6,
      color: 'thresholds',
      mappings: [{
        type: 'value',
        options: { [value]: { text: wanted.states[value][0], color: wanted.states[value][1] } for value in std.objectFields(wanted.states) },
      }],
    } + wanted;
    panel('state-timeline', it) {
      fieldConfig+: { defaults+: { custom: visible { axisPlacement: 'auto', fillOpacity: 70, lineWidth: 0 } } },
      options: {
        alignValue: 'left',
        legend: { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: true },
        mergeValues: true,
        rowHeight: 0.9,
        showValue: 'auto',
        tooltip: { mode: 'single', sort: 'none' },
      },
      targets: targets(it, over_time),
    },

  // A row for each value of the labels, `labels: [[label, title]]`, with `columns: [{ title, expr, unit, decimals, levels }]` of
  // now, the largest of the first column first.
  table(wanted)::
    local it = { w: 12, h: 8, color: 'thresholds', levels: [{ color: 'text', value: null }] } + wanted;
    local labels = [label[0] for label in it.labels];
    // Grafana's names of the values of several queries.
    local values =
      if std.length(it.columns) == 1 then ['Value']
      else std.mapWithIndex(function(index, _) 'Value #' + std.char(std.codepoint('A') + index), it.columns);
    local names = labels + values;
    local titles = [label[1] for label in it.labels] + [column.title for column in it.columns];
    local places = std.range(0, std.length(names) - 1);
    panel('table', it) {
      fieldConfig+: {
        defaults+: { custom: { align: 'auto', cellOptions: { type: 'auto' }, filterable: true, inspect: false } },
        overrides: [
          {
            matcher: { id: 'byName', options: column.title },
            properties:
              [{ id: name, value: column[name] } for name in ['unit', 'decimals'] if std.objectHas(column, name)]
              + if !std.objectHas(column, 'levels') then [] else [
                { id: 'thresholds', value: thresholds(column.levels) },
                { id: 'custom.cellOptions', value: { type: 'color-text' } },
              ],
          }
          for column in it.columns
        ],
      },
      options: { cellHeight: 'sm', showHeader: true, sortBy: [{ desc: true, displayName: it.columns[0].title }] },
      targets: std.mapWithIndex(
        function(index, column) target(index, { expr: column.expr }, now { format: 'table' }), it.columns
      ),
      transformations: [
        { id: 'merge', options: {} },
        {
          id: 'organize',
          options: {
            excludeByName: { Time: true },
            indexByName: { [names[place]]: place for place in places },
            renameByName: { [names[place]]: titles[place] for place in places },
          },
        },
      ],
    },

  // Added to a panel: its title has a link to a dashboard, with the same time and variables.
  opens(uid):: {
    links: [{ title: 'Open %s' % uid, url: '/d/%s?${__url_time_range}&${__all_variables}' % uid }],
  },

  // Thresholds. More is worse: yellow and red from these values on.
  above(yellow=null, red=null)::
    [{ color: 'green', value: null }]
    + (if yellow == null then [] else [{ color: 'yellow', value: yellow }])
    + (if red == null then [] else [{ color: 'red', value: red }]),
  // Less is worse: red below the one, yellow below the other.
  below(yellow, red)::
    [{ color: 'red', value: null }, { color: 'yellow', value: red }, { color: 'green', value: yellow }],
  // Red below this value.
  from(value):: [{ color: 'red', value: null }, { color: 'green', value: value }],
  // Everything but 0 is red.
  only_zero:: [{ color: 'red', value: null }, { color: 'green', value: 0 }, { color: 'red', value: 1e-9 }],
  // No judgement.
  plain:: [{ color: 'text', value: null }],
}
