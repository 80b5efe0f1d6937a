//! What `MiniJinja` knows, and its way for what people know from Python and Ansible.

use super::uses::Kind;

/// The filters. `tests` compares them with the engine's.
pub(super) const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
];
/// The tests, without those that are written as operators.
pub(super) const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "safe",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];
/// The functions.
pub(super) const FUNCTIONS: &[&str] = &["debug", "dict", "namespace", "range"];
/// The methods of texts, lists and objects: Python's.
pub(super) const METHODS: &[&str] = &[
    "capitalize",
    "count",
    "endswith",
    "find",
    "format",
    "get",
    "isalnum",
    "isalpha",
    "isascii",
    "isdigit",
    "islower",
    "isnumeric",
    "isspace",
    "isupper",
    "items",
    "join",
    "keys",
    "lower",
    "lstrip",
    "replace",
    "rfind",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "upper",
    "values",
];

/// The remedy for a name that is unknown in `MiniJinja` and known elsewhere.
pub(super) fn remedy(kind: Kind, name: &str) -> Option<&'static str> {
    match kind {
        Kind::Filter => filter(name),
        Kind::Test => test(name),
        Kind::Function => function(name),
        Kind::Method => method(name),
        Kind::Variable | Kind::Guarded => variable(name),
        Kind::Statement => Some("a template is one text: put the other one's into it"),
    }
}

const ESCAPED: &str = "every value is escaped, once: write \"{{ x }}\" in quotes, or {{ x | tojson }} without";
const TIME: &str = "times are texts such as 2026-01-31T09:30:00Z, of which parts can be cut: `x[:10]` is the date, `x[:10] | replace(\"-\", \"\")` its digits";
const CLOCK: &str =
    "a template has no clock, because a retry sends the same text: write `completed_at` or `first_event_at`";
const CHANCE: &str = "the same bundle must always make the same text: write `bundle_id`";
const IN: &str = "write `\"part\" in x`, `x is startingwith(\"a\")` or `x is endingwith(\"z\")`";
const IMMUTABLE: &str =
    "values cannot be changed: write `{% set list = list + [x] %}`, or gather in `{% set ns = namespace(list=[]) %}`";
const ENVIRONMENT: &str = "a template sees its bundle only: write the text itself";
const JSON: &str = "write `x | tojson`, without quotes around it";

fn filter(name: &str) -> Option<&'static str> {
    Some(match name {
        "safe" | "e" | "escape" | "forceescape" | "escapejs" => ESCAPED,
        "to_json" | "to_nice_json" | "json" | "jsonify" | "json_encode" | "to_yaml" | "to_nice_yaml" => JSON,
        "from_json" | "from_yaml" | "fromjson" => {
            "a text that holds JSON cannot be read: let the producer write the object"
        }
        "strftime" | "date" | "dateformat" | "datetimeformat" | "timeformat" | "datetime" | "to_datetime"
        | "as_datetime" | "format_date" => TIME,
        "regex_replace" => "write `x | replace(\"old\", \"new\")`, without patterns",
        "regex_search" | "regex_findall" | "match" | "search" | "contains" | "startswith" | "endswith" => IN,
        "ternary" => "write `a if x else b`",
        "truncate" => "write `x[:40]`",
        "wordcount" => "write `x | split | length`",
        "len" | "size" => "write `x | length`",
        "str" => "write `x | string`",
        "strip" | "striptags" => "write `x | trim`",
        "center" | "ljust" | "rjust" | "zfill" => "write `\"%05d\" | format(x)`, or `\"%-10s\" | format(x)`",
        "keys" | "values" | "dict2items" | "iteritems" => "write `{% for key, value in x | items %}`",
        "mandatory" => "leave it out: what is missing is an error",
        "quote" => "no value belongs into a command: hand it over as a variable of the job",
        "random" | "shuffle" | "hash" | "uuid" | "to_uuid" => CHANCE,
        "to_int" | "toint" => "write `x | int`",
        "uppercase" | "to_upper" => "write `x | upper`",
        "lowercase" | "to_lower" => "write `x | lower`",
        _ => return None,
    })
}

fn test(name: &str) -> Option<&'static str> {
    Some(match name {
        "match" | "search" | "regex" | "contains" | "startswith" | "endswith" | "starting_with" => IN,
        "empty" => "write `not x`",
        "null" | "nil" => "write `x is none`",
        "list" | "array" => "write `x is sequence`",
        "dict" | "object" => "write `x is mapping`",
        "exists" | "set" => "write `x is defined`",
        "equal" => "write `x == y`",
        "numeric" => "write `x is number`",
        "str" | "text" => "write `x is string`",
        "callable" | "escaped" => "values are data: leave it out",
        _ => return None,
    })
}

fn function(name: &str) -> Option<&'static str> {
    Some(match name {
        "now" | "utcnow" | "today" | "datetime" | "time" | "timestamp" | "date" => CLOCK,
        "strftime" => TIME,
        "len" => "write `x | length`",
        "str" => "write `x | string`",
        "int" => "write `x | int`",
        "float" => "write `x | float`",
        "list" => "write `x | list`",
        "sorted" => "write `x | sort`",
        "reversed" => "write `x | reverse`",
        "sum" | "min" | "max" | "abs" | "round" | "zip" | "map" => "it is a filter: write `x | name`",
        "enumerate" => "write `loop.index` inside of the loop, which counts from 1, or `loop.index0`",
        "cycler" => "write `loop.cycle(a, b)` inside of the loop",
        "joiner" => "write `{{ \",\" if not loop.last }}` inside of the loop",
        "tojson" | "json" | "dumps" => JSON,
        "env" | "getenv" | "environ" | "lookup" | "var" | "config" => ENVIRONMENT,
        "uuid" | "uuid4" | "random" | "randint" => CHANCE,
        "raise" | "fail" | "lipsum" | "print" | "url_for" => "leave it out",
        _ => return None,
    })
}

fn method(name: &str) -> Option<&'static str> {
    Some(match name {
        "strftime" | "isoformat" | "date" | "time" | "timestamp" | "astimezone" | "timetuple" | "weekday" => TIME,
        "append" | "extend" | "insert" | "pop" | "update" | "remove" | "add" | "setdefault" | "push" | "clear" => {
            IMMUTABLE
        }
        "iteritems" | "entrySet" => "write `{% for key, value in x | items %}`",
        "has_key" | "containsKey" | "includes" | "contains" | "hasOwnProperty" => "write `\"key\" in x`",
        "zfill" | "ljust" | "rjust" | "center" => "write `\"%05d\" | format(x)`, or `\"%-10s\" | format(x)`",
        "length" | "size" | "len" => "write `x | length`",
        "trim" => "write `x | trim`",
        "toUpperCase" => "write `x | upper`",
        "toLowerCase" | "casefold" => "write `x | lower`",
        "toString" => "write `x | string`",
        "sort" => "write `x | sort`",
        "reverse" => "write `x | reverse`",
        "index" => "write `x.find(y)`",
        "substring" | "substr" | "removeprefix" | "removesuffix" => "write `x[2:]` or `x[:-2]`",
        "partition" | "rpartition" => "write `x.split(\"-\")`",
        "encode" | "decode" => "leave it out",
        _ => return None,
    })
}

fn variable(name: &str) -> Option<&'static str> {
    Some(match name {
        "now" | "today" | "date" | "timestamp" => CLOCK,
        "null" | "nil" | "undefined" => "write `none`",
        "env" | "environ" | "ansible_env" | "vars" | "item" => ENVIRONMENT,
        "child" => "write `{% for child in children %}`, or `children[0]`",
        "loop" => "it exists inside of a `{% for %}` only",
        _ => return None,
    })
}
