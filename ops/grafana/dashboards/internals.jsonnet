// What an operator of the runtime asks: do the instances keep up, is the state healthy, and what is used up.

local dashboard = import '../lib/dashboard.libsonnet';

dashboard.new(
  'internals',
  'sheaf / Internals',
  'The runtime: whether the instances keep up, whether the state is healthy, and what is used up.',
  (import 'internals/runtime.libsonnet') + (import 'internals/state.libsonnet') + (import 'internals/process.libsonnet')
)
