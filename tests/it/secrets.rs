//! Secrets of a process: read from Secrets Manager, rotated without a restart, and in no line that it prints.

#![expect(clippy::unwrap_used, reason = "test support fails by panicking")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::runtime::Runtime;

/// What Secrets Manager holds, which key Control-M accepts, and which keys it was sent.
#[derive(Default)]
struct World {
    secret: String,
    accepted: String,
    keys: Vec<String>,
}

type Shared = Arc<Mutex<World>>;

/// Secrets Manager below `/` and Control-M below `/automation-api`, on a free port.
fn start(runtime: &Runtime, world: &Shared) -> SocketAddr {
    let app = Router::new()
        .route("/", post(secret))
        .route("/automation-api/run/ondemand", post(submit))
        .with_state(Arc::clone(world));
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn secret(State(world): State<Shared>) -> Response {
    let answer = serde_json::json!({
        "ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:templates", "Name": "templates", "VersionId": "v",
        "SecretString": world.lock().unwrap().secret,
    });
    ([("content-type", "application/x-amz-json-1.1")], answer.to_string()).into_response()
}

/// As Control-M answers a submit without a definition.
async fn submit(State(world): State<Shared>, headers: HeaderMap) -> Response {
    let key = headers.get("x-api-key").map(|key| key.to_str().unwrap().to_owned()).unwrap_or_default();
    let mut world = world.lock().unwrap();
    let (status, words) = if key == world.accepted {
        (StatusCode::BAD_REQUEST, "Required part 'definitionsFile' is not present.")
    } else {
        (StatusCode::UNAUTHORIZED, "Session token is invalid or expired")
    };
    world.keys.push(key);
    (status, axum::Json(serde_json::json!({"errors": [{"message": words}]}))).into_response()
}

const OLD: &str = "key-before-rotation-7c1f";
const NEW: &str = "key-after-rotation-93ab";
const KAFKA: &str = "kafka-password-55d0";
const ACCESS: &str = "aws-secret-access-1e77";

/// The configuration's only clear text is of things that are not secret.
fn configuration(directory: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::write(directory.join("kafka"), KAFKA).unwrap();
    std::fs::copy(root.join("templates/bundle.json"), directory.join("bundle.json")).unwrap();
    let topology = std::fs::read_to_string(root.join("topologies/control-m.yaml")).unwrap();
    std::fs::write(directory.join("t.yaml"), topology.replace("templates/bundle.json", "bundle.json")).unwrap();
    "application_id: a
topologies: [ t.yaml ]
state_dir: state
http: { bind: 127.0.0.1:0 }
kafka:
  bootstrap_servers: 127.0.0.1:1
  properties: { security.protocol: SASL_PLAINTEXT, sasl.mechanism: PLAIN, sasl.username: sheaf, sasl.password: \"${file:kafka}\" }
control_m:
  base_url: ${aws-sm:templates#CTM_API_BASE_URL}
  api_key: ${aws-sm:templates#CTM_API_KEY}
"
    .to_owned()
}

fn sheaf(directory: &Path, server: SocketAddr, arguments: &[&str]) -> Command {
    let mut process = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SHEAF_")) {
        process.env_remove(name);
    }
    process.args(arguments).current_dir(directory).env("SHEAF_LOG", "trace");
    process
        .env("AWS_ENDPOINT_URL", format!("http://{server}"))
        .env("AWS_REGION", "eu-west-1")
        .env_remove("AWS_PROFILE");
    process.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", ACCESS);
    process
}

/// Waits until Control-M was sent this key.
fn await_key(world: &Shared, child: &mut Child, key: &str) {
    let until = Instant::now() + Duration::from_mins(1);
    while !world.lock().unwrap().keys.iter().any(|sent| sent == key) {
        assert!(child.try_wait().unwrap().is_none(), "the process has ended");
        assert!(Instant::now() < until, "Control-M was sent {:?}", world.lock().unwrap().keys);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_key_is_rotated_without_a_restart_and_no_secret_is_printed() {
    let (runtime, directory) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let world = Shared::default();
    let server = start(&runtime, &world);
    let keep = |key: &str| {
        let secret =
            serde_json::json!({"CTM_API_BASE_URL": format!("http://{server}/automation-api"), "CTM_API_KEY": key});
        world.lock().unwrap().secret = secret.to_string();
    };
    keep(OLD);
    NEW.clone_into(&mut world.lock().unwrap().accepted);
    std::fs::write(directory.path().join("sheaf.yaml"), configuration(directory.path())).unwrap();

    let validated = sheaf(directory.path(), server, &["validate"]).output().unwrap();
    let mut run = sheaf(directory.path(), server, &["run"]);
    let mut child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let readers = [reader(stdout), reader(stderr)];
    await_key(&world, &mut child, OLD);
    keep(NEW);
    await_key(&world, &mut child, NEW);
    // Control-M accepts it now, and the process says so.
    std::thread::sleep(Duration::from_millis(500));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    child.wait().unwrap();
    let printed: String = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    let validated = [validated.stdout, validated.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert!(validated.contains("ok: application a"), "{validated}");
    for words in ["has changed at its source: trying the new one", "TRACE"] {
        assert!(printed.contains(words), "`{words}` is not in\n{printed}");
    }
    for (name, secret) in [("old key", OLD), ("new key", NEW), ("Kafka", KAFKA), ("AWS", ACCESS)] {
        let lines = printed.lines().chain(validated.lines());
        let leak = lines.filter(|line| line.contains(secret)).map(|line| line.replace(secret, "<SECRET>")).next();
        assert_eq!(leak, None, "{name}");
    }
}

fn reader(mut pipe: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = Vec::new();
        pipe.read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    })
}
