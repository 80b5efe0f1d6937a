//! Templates to text: MiniJinja with strict variables and values that cannot break out of JSON.
