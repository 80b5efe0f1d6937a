//! The AWS adapters against moto, a mock of S3 and Secrets Manager.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test support fails by panicking, and prints what it skips"
)]

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::primitives::ByteStream;
use sheaf::aws::{S3, SecretsManager};
use sheaf::blob::{self, Fetched, Source as _};
use sheaf::secret::{self, SecretRef, Source as _};
use tokio::runtime::Runtime;

use crate::control_m::support::closed_port;

/// A moto server on a free port; killed when dropped.
pub(crate) struct Moto {
    child: Child,
    port: u16,
}

impl Moto {
    /// `None`, with a printed line, if moto is not installed.
    pub(crate) fn start() -> Option<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let started = Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = match started {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                println!("skipped: moto_server is not on PATH (pip install 'moto[server]')");
                return None;
            }
            Err(error) => unreachable!("moto_server cannot be started: {error}"),
        };
        let mut moto = Self { child, port };
        for _ in 0..600 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Some(moto);
            }
            if let Some(status) = moto.child.try_wait().unwrap() {
                println!("skipped: moto_server exited at once ({status}); its Python has no moto");
                return None;
            }
            thread::sleep(Duration::from_millis(100));
        }
        unreachable!("moto_server does not listen on port {port}");
    }

    pub(crate) fn config(&self, runtime: &Runtime) -> SdkConfig {
        let credentials = SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test"));
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(credentials)
            .endpoint_url(self.endpoint());
        runtime.block_on(loader.load())
    }

    /// The URL for `AWS_ENDPOINT_URL`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A client of S3.
    pub(crate) fn s3(&self, runtime: &Runtime) -> aws_sdk_s3::Client {
        let conf = aws_sdk_s3::config::Builder::from(&self.config(runtime)).force_path_style(true).build();
        aws_sdk_s3::Client::from_conf(conf)
    }

    /// Creates a bucket.
    pub(crate) fn create_bucket(&self, runtime: &Runtime, name: &str) {
        let location = aws_sdk_s3::types::CreateBucketConfiguration::builder()
            .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1)
            .build();
        let client = self.s3(runtime);
        runtime.block_on(client.create_bucket().bucket(name).create_bucket_configuration(location).send()).unwrap();
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_secret_is_read_whole_or_by_its_json_key() {
    let Some(moto) = Moto::start() else { return };
    let runtime = Runtime::new().unwrap();
    let config = moto.config(&runtime);
    let client = aws_sdk_secretsmanager::Client::new(&config);
    let text = r#"{"CTM_API_KEY":"k-1","CTM_API_BASE_URL":"http://x"}"#;
    runtime.block_on(client.create_secret().name("prod/ctm").secret_string(text).send()).unwrap();

    let secrets = SecretsManager::new(&config, runtime.handle().clone());
    let fetch = |text: &str| secrets.fetch(&SecretRef::parse(text).unwrap().unwrap());
    let key = fetch("${aws-sm:prod/ctm#CTM_API_KEY}").unwrap();
    assert_eq!(key.expose(), "k-1");
    assert!(key.revision().is_some());
    assert_eq!(fetch("${aws-sm:prod/ctm}").unwrap().expose(), text);
    assert!(matches!(fetch("${aws-sm:prod/other}").unwrap_err(), secret::Error::Missing { .. }));
    assert!(matches!(fetch("${aws-sm:prod/ctm#NO}").unwrap_err(), secret::Error::Unusable { .. }));
}

#[test]
fn an_unchanged_template_is_not_transferred_again() {
    let Some(moto) = Moto::start() else { return };
    let runtime = Runtime::new().unwrap();
    let config = moto.config(&runtime);
    let bucket = S3::new(&config, "templates", runtime.handle().clone());
    let client = moto.s3(&runtime);
    moto.create_bucket(&runtime, "templates");
    let put = |text: &'static str| {
        let body = ByteStream::from_static(text.as_bytes());
        runtime.block_on(client.put_object().bucket("templates").key("a/b.json").body(body).send()).unwrap();
    };

    put("{}");
    let Fetched::Current(first) = bucket.fetch("a/b.json", None).unwrap() else { unreachable!("no revision is known") };
    assert_eq!(first.bytes, "{}");
    assert_eq!(bucket.fetch("a/b.json", Some(&first.revision)).unwrap(), Fetched::Unchanged);
    put("[]");
    let Fetched::Current(second) = bucket.fetch("a/b.json", Some(&first.revision)).unwrap() else {
        unreachable!("it has changed")
    };
    assert_eq!(second.bytes, "[]");
    assert_ne!(second.revision, first.revision);
    assert!(matches!(bucket.fetch("a/c.json", None).unwrap_err(), blob::Error::Missing { .. }));
}

#[test]
fn an_endpoint_that_does_not_answer_is_named_with_its_cause() {
    let runtime = Runtime::new().unwrap();
    let (_held, closed) = closed_port();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .endpoint_url(format!("http://{closed}"))
        .retry_config(aws_config::retry::RetryConfig::disabled())
        .build();
    let bucket = S3::new(&config, "templates", runtime.handle().clone());
    let error = bucket.fetch("a.json", None).unwrap_err().to_string();
    assert!(error.contains("`a.json` in s3://templates cannot be read"), "{error}");
    assert!(error.to_lowercase().contains("connect"), "the cause is missing: {error}");
}
