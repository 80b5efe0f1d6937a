//! Templates in a bucket, against an HTTP server that speaks as S3 does: `ETag`, `If-None-Match`, its error bodies, and outages.

#![expect(clippy::unwrap_used, reason = "test support fails by panicking")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sheaf::app::{ApplicationSpec, Assembly, Reloader, Resources, TemplateReader, Templates, TopologyFile};
use sheaf::aws::S3;
use sheaf::config::{Config, Sources};
use sheaf::processor::delivery::control_m::Folders;
use sheaf::template::Template;
use tokio::runtime::Runtime;

use crate::control_m::support::closed_port;

/// The objects of a server, and how it has answered.
#[derive(Default)]
struct World {
    objects: BTreeMap<String, String>,
    failure: Option<(u16, &'static str)>,
    answers: Vec<u16>,
}

type Shared = Arc<Mutex<World>>;

/// A server on a free port; it ends with the runtime.
struct Server {
    address: SocketAddr,
    world: Shared,
}

impl Server {
    fn start(runtime: &Runtime) -> Self {
        let world = Shared::default();
        let app = Router::new().route("/{bucket}/{*key}", get(object)).with_state(Arc::clone(&world));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, world }
    }

    fn put(&self, key: &str, text: &str) {
        self.world.lock().unwrap().objects.insert(key.to_owned(), text.to_owned());
    }

    fn fail(&self, failure: Option<(u16, &'static str)>) {
        self.world.lock().unwrap().failure = failure;
    }

    /// The answers since the last call.
    fn answers(&self) -> Vec<u16> {
        std::mem::take(&mut self.world.lock().unwrap().answers)
    }

    fn config(&self) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
            .endpoint_url(format!("http://{}", self.address))
            .retry_config(RetryConfig::disabled())
            .build()
    }
}

async fn object(
    State(world): State<Shared>,
    Path((bucket, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let mut world = world.lock().unwrap();
    let answer = match (world.failure, world.objects.get(&format!("{bucket}/{key}"))) {
        (Some((status, code)), _) => failure(status, code),
        (None, None) => failure(404, "NoSuchKey"),
        (None, Some(text)) => {
            let hash = text.bytes().fold(17_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
            let etag = format!("\"{hash:016x}\"");
            if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == etag.as_str()) {
                (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response()
            } else {
                ([(header::ETAG, etag)], text.clone()).into_response()
            }
        }
    };
    world.answers.push(answer.status().as_u16());
    answer
}

fn failure(status: u16, code: &str) -> Response {
    let body =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
    (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

/// A template with this description of its job.
fn template(text: &str) -> String {
    format!(
        r#"{{"{{{{ folder }}}}": {{"Type": "Folder", "ControlmServer": "{{{{ server_name }}}}",
            "j": {{"Type": "Job:Dummy", "Description": "{text}"}}}}}}"#
    )
}

const TOPOLOGY: &str = "name: t
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id }
  - { topic: children, member: child, bundle: /parent, id: /id }
deliver: { control_m: { template: s3://templates/a/bundle.json, server: prod } }
";

const BUNDLE: &str = r#"{"bundle_id": "p1", "parent": {}, "children": [{}], "first_event_at": "2026-01-31T09:30:00Z",
    "completed_at": "2026-01-31T10:30:00Z", "late": false}"#;

/// The reloader of a process with two topologies that use a template, which they have read already, and what they have of it.
fn reloader(server: &Server, runtime: &Runtime, first: &str) -> (Reloader, [Template; 2]) {
    let settings = ["application_id=t", "kafka.bootstrap_servers=127.0.0.1:1", "control_m.base_url=http://127.0.0.1:1"];
    let settings = settings.map(str::to_owned);
    let config = Config::load(&Sources { files: &[], environment: &[], flags: &settings, host_name: "a" }).unwrap();
    let parse = |path: &std::path::Path| Ok(Template::compile(&path.to_string_lossy(), first)?);
    let files = [(); 2].map(|()| TopologyFile::parse("t.yaml", TOPOLOGY, parse).unwrap());
    let used = files.each_ref().map(|file| file.template(file.spec.deliveries().next().unwrap()).unwrap().clone());
    let metrics = Assembly::new(&config, &files[0]).unwrap().metrics;
    let resources = Resources::new(&config, runtime.handle(), &metrics).unwrap();
    let (aws, handle) = (server.config(), runtime.handle().clone());
    let reader = TemplateReader::new(move |bucket| Ok(Box::new(S3::new(&aws, bucket, handle.clone()))));
    let mut paths = ["t.yaml", "u.yaml"].into_iter();
    let specs = files.map(|file| ApplicationSpec { config: config.clone(), path: paths.next().unwrap().into(), file });
    (Reloader::new(&specs, &resources).reading(reader), used)
}

#[test]
fn a_template_is_transferred_when_it_changes_and_the_last_good_one_is_kept() {
    let runtime = Runtime::new().unwrap();
    let server = Server::start(&runtime);
    let put = |text: &str| server.put("templates/a/bundle.json", text);
    put(&template("one"));
    let (mut reloader, used) = reloader(&server, &runtime, &template("one"));
    let sent = || {
        let [one, other] = used.each_ref().map(|template| {
            let template = template.clone();
            let folders = Folders::new(template, "s");
            folders.preview(BUNDLE.as_bytes()).unwrap().definition
        });
        assert_eq!(one, other, "both topologies use the same");
        one
    };
    let nothing = Vec::<String>::new();
    assert_eq!(reloader.templates(Templates::Local), nothing);
    assert_eq!(server.answers(), [0_u16; 0], "a bucket is asked more rarely");
    assert_eq!(reloader.templates(Templates::Changed), nothing, "it is the same");
    assert_eq!(reloader.templates(Templates::Changed), nothing);
    assert_eq!(server.answers(), [200, 304], "and then it is not transferred");

    put(&template("two"));
    let first = used[0].revision();
    assert_eq!(reloader.templates(Templates::Changed), ["s3://templates/a/bundle.json"]);
    assert!(used[0].revision() != first && sent().contains("two"), "{}", sent());
    let second = used[0].revision();
    for broken in ["{{ x }", "{}", &template("{{ nobody }}"), r#"{"{{ folder }}": {"Type": "Folder"}}"#] {
        put(broken);
        assert_eq!(reloader.templates(Templates::Changed), nothing, "{broken}");
        assert_eq!(reloader.templates(Templates::Changed), nothing);
        assert_eq!(server.answers()[..].rchunks(2).next(), Some(&[200, 304][..]), "a refused one is not read again");
        assert!(used[0].revision() == second && sent().contains("two"), "{broken}");
    }
    for failure in [(503, "SlowDown"), (500, "InternalError"), (403, "AccessDenied")] {
        server.fail(Some(failure));
        put(&template("three"));
        assert_eq!(reloader.templates(Templates::Changed), nothing);
        assert!(used[0].revision() == second && sent().contains("two"), "{failure:?}");
    }
    server.fail(None);
    assert_eq!(reloader.templates(Templates::Changed).len(), 1, "it has changed meanwhile");
    assert!(sent().contains("three"), "{}", sent());
    server.answers();
    assert_eq!(reloader.templates(Templates::All), nothing);
    assert_eq!(server.answers(), [200], "an operator's request reads it anew");
}

#[test]
fn a_process_reads_a_template_with_the_credentials_and_the_endpoint_of_its_environment() {
    let runtime = Runtime::new().unwrap();
    let server = Server::start(&runtime);
    server.put("templates/a/bundle.json", &template("from a bucket"));
    let render = |address: &str| {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sheaf"));
        process
            .args(["render", address, "--bundle", "-"])
            .env("AWS_ENDPOINT_URL", format!("http://{}", server.address));
        process.env("AWS_REGION", "eu-west-1").env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        process.env("AWS_MAX_ATTEMPTS", "1").env_remove("AWS_PROFILE");
        let mut child = process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(BUNDLE.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat())
    };
    let (code, printed) = render("s3://templates/a/bundle.json");
    assert!(code == Some(0) && printed.contains("\"Description\": \"from a bucket\""), "{printed}");
    let (code, printed) = render("s3://templates/a/other.json");
    assert!(code == Some(78) && printed.contains("`a/other.json` does not exist in s3://templates"), "{printed}");
    server.fail(Some((403, "AccessDenied")));
    let (code, printed) = render("s3://templates/a/bundle.json");
    assert!(code == Some(78) && printed.contains("allow s3:GetObject"), "{printed}");
}

#[test]
fn a_start_without_aws_ends_with_the_code_after_which_a_supervisor_starts_it_again() {
    let (_held, closed) = closed_port();
    let directory = tempfile::tempdir().unwrap();
    let topology = std::fs::read_to_string("topologies/control-m.yaml").unwrap();
    let remote = directory.path().join("remote.yaml");
    std::fs::write(&remote, topology.replace("templates/bundle.json", "s3://templates/bundle.json")).unwrap();
    let run = |settings: &[&str]| {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sheaf"));
        process.args(["run", "-c", "sheaf.yaml", "--set", "http.bind=127.0.0.1:0"]).args(settings);
        process.args(["--set", &format!("state_dir={}", directory.path().display())]).env("CTM_API_KEY", "key");
        process.env("AWS_ENDPOINT_URL", format!("http://{closed}")).env("AWS_MAX_ATTEMPTS", "1");
        process.env("AWS_REGION", "eu-west-1").env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        let output = process.env_remove("AWS_PROFILE").output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (settings, named) in [
        (["--set", "control_m.api_key=${aws-sm:ctm#key}"], "control_m.api_key: ${aws-sm:ctm#key} cannot be read"),
        (["--set", &format!("topologies=[{}]", remote.display())], "`bundle.json` in s3://templates cannot be read"),
    ] {
        let (code, printed) = run(&settings);
        assert!(code == Some(69) && printed.contains(named), "{code:?} {printed}");
    }
}
