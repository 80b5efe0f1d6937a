//! OAUTHBEARER: an instance fetches tokens of an issuer, logs in to a broker that verifies them by the issuer's keys, and renews them.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::super::cluster::{KafkaCluster, is_skipped};
use super::bundle::{bundles, halves};
use super::deployment::Deployment;
use super::process::{Process, until};
use crate::issuer::{AUDIENCE, Issuer, SCOPE, SECRET};

/// The life of a token: the broker ends each session with it, so that clients log in again and again.
const LIFE: Duration = Duration::from_secs(6);

/// A listener with a login by tokens; the other one is the test's own.
struct Secured {
    deployment: Deployment,
    address: String,
    issuer: Issuer,
    /// Dropped after the deployment, the issuer's runtime last.
    _cluster: KafkaCluster,
    _runtime: Runtime,
}

impl Secured {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let issuer = Issuer::start(&runtime, LIFE);
        let of_login = "listener.name.login.oauthbearer";
        let module = "org.apache.kafka.common.security.oauthbearer";
        let settings = [
            format!("{of_login}.sasl.jaas.config={module}.OAuthBearerLoginModule required;"),
            format!("{of_login}.sasl.server.callback.handler.class={module}.OAuthBearerValidatorCallbackHandler"),
            format!("{of_login}.sasl.oauthbearer.jwks.endpoint.url={}", issuer.keys()),
            format!("{of_login}.sasl.oauthbearer.expected.audience={AUDIENCE}"),
            format!("{of_login}.connections.max.reauth.ms=3600000"),
        ];
        let allowed = format!("-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={}", issuer.keys());
        let login = ("SASL_PLAINTEXT", "OAUTHBEARER");
        let (cluster, address) = KafkaCluster::start_with_login(login, &settings, &allowed);
        let deployment = Deployment::at("e2e-token", cluster.bootstrap_servers());
        deployment.create_sources();
        Self { deployment, address, issuer, _cluster: cluster, _runtime: runtime }
    }

    fn start_as(&self, secret: &str) -> Process {
        self.deployment.start_with(
            "a",
            &[
                ("SHEAF_KAFKA__BOOTSTRAP_SERVERS", &self.address),
                ("SHEAF_KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SASL_PLAINTEXT"),
                ("SHEAF_KAFKA__PROPERTIES__SASL_MECHANISM", "OAUTHBEARER"),
                ("SHEAF_KAFKA__PROPERTIES__SASL_OAUTHBEARER_METHOD", "oidc"),
                ("SHEAF_KAFKA__PROPERTIES__SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL", &self.issuer.endpoint()),
                ("SHEAF_KAFKA__PROPERTIES__SASL_OAUTHBEARER_CLIENT_ID", "sheaf"),
                ("SHEAF_KAFKA__PROPERTIES__SASL_OAUTHBEARER_CLIENT_SECRET", secret),
                ("SHEAF_KAFKA__PROPERTIES__SASL_OAUTHBEARER_SCOPE", SCOPE),
            ],
        )
    }

    /// Starts an instance that stops with exit code 1; its log has these words.
    fn refuses(&self, secret: &str, words: &str) {
        let mut process = self.start_as(secret);
        let code = process.exit_code();
        let log = process.log_text();
        assert_eq!(code, Some(1), "{log}");
        assert!(log.contains(words), "{words}: {log}");
        assert_has_no_secret(&log);
    }

    fn wait_for_tokens(&self, more: u32) {
        let enough = self.issuer.issued() + more;
        until("tokens are fetched", || self.issuer.issued() >= enough);
    }
}

/// Tokens begin with the base64 of `{"`.
fn assert_has_no_secret(log: &str) {
    assert!(!log.contains(SECRET) && !log.contains("eyJ"), "{log}");
}

#[test]
fn tokens_are_renewed_and_an_issuer_that_is_down_is_waited_for() {
    if is_skipped() {
        return;
    }
    let secured = Secured::start();
    let deployment = &secured.deployment;
    secured.refuses("wrong", "there is no token for OAUTHBEARER: the token endpoint");
    secured.issuer.change(|issuer| issuer.audience = "another system");
    secured.refuses(SECRET, "invalid_token");

    // At the start the issuer is down: the instance waits for it, and says so.
    secured.issuer.change(|issuer| (issuer.audience, issuer.is_failing) = (AUDIENCE, true));
    let mut process = secured.start_as(SECRET);
    let waits = format!("the token endpoint {}: it answers with the HTTP status 503", secured.issuer.endpoint());
    until("it is said that there is no token", || process.log_text().contains(&waits));
    secured.issuer.change(|issuer| issuer.is_failing = false);
    process.ready();

    let mut chance = fastrand::Rng::with_seed(11);
    let all = bundles(40, &mut chance);
    let (first, second) = halves(&all[..20]);
    deployment.write_events(&first);
    let (started, before) = (Instant::now(), secured.issuer.issued());
    secured.wait_for_tokens(4);
    let possible = started.elapsed().as_secs_f64() / (LIFE.as_secs_f64() * 0.75) + 2.0;
    assert!(f64::from(secured.issuer.issued() - before) <= possible, "one fetch serves all clients");
    deployment.write_events(&second);
    deployment.wait_for_deliveries(&all[..20]);

    // It is down for longer than a token lives: the broker ends the sessions, nobody can log in, and nothing is lost.
    secured.issuer.change(|issuer| issuer.is_failing = true);
    let (first, second) = halves(&all[20..]);
    deployment.write_events(&first);
    until("the present token is used until it ends", || process.log_text().contains("there is no new token for Kafka"));
    until("there is no token any more", || process.log_text().contains("there is no token for OAUTHBEARER"));
    let metric = |process: &Process, name: &str| process.metric(&format!("sheaf_kafka_token_{name}"), "");
    until("a metric says so", || metric(&process, "fetch_failing") > 0.5);
    deployment.write_events(&second);
    secured.issuer.change(|issuer| issuer.is_failing = false);
    deployment.wait_for_deliveries(&all);
    until("a metric says that it is over", || metric(&process, "fetch_failing") < 0.5);
    assert!(metric(&process, "expiry_timestamp_seconds") > 1.7e9);
    deployment.assert_exactly(&all);
    assert_has_no_secret(&process.log_text());
    assert_eq!(process.terminate(), Some(0));
}
