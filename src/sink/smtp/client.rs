//! Sends one mail on a connection of its own.

use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, AsyncSmtpTransportBuilder};
use lettre::{AsyncTransport as _, Tokio1Executor};

use super::mail::Envelope;
use super::settings::{Encryption, Error, Settings};
use super::verdict;
use crate::model::Verdict;
use crate::processor::call::{Answer, Mail};
use crate::sink::attempts::Ended;

/// A client of a mail server.
#[derive(Debug)]
pub(super) struct Client {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    envelope: Envelope,
    timeout: Duration,
}

impl Client {
    /// A client; nothing is connected yet.
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        let envelope = Envelope::new(settings)?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .timeout(Some(settings.timeout))
            .hello_name(ClientId::Domain(envelope.domain().to_owned()));
        let mut builder = encrypted(builder, settings)?;
        if let Some((username, password)) = &settings.login {
            builder = builder.credentials(Credentials::new(username.expose().to_owned(), password.expose().to_owned()));
        }
        Ok(Self { transport: builder.build(), envelope, timeout: settings.timeout })
    }

    /// The verdict of one attempt, and the code of the answer if there was one.
    pub(super) async fn send(&self, mail: &Mail) -> Ended {
        let mail = match self.envelope.mail(mail) {
            Ok(mail) => mail,
            Err(reason) => return (Verdict::NotSent(reason), None),
        };
        match tokio::time::timeout(self.timeout, self.transport.send(mail)).await {
            Err(_elapsed) => (Verdict::Unknown(format!("no answer within {:?}", self.timeout)), None),
            Ok(Err(error)) => verdict::of_error(&error),
            Ok(Ok(response)) => {
                let code = u16::from(response.code());
                let text = response.message().collect::<Vec<_>>().join(" ");
                (Answer::Executed { detail: format!("{code} {text}") }.verdict(), Some(code))
            }
        }
    }
}

/// Sets the encryption of the connection.
#[cfg(feature = "tls")]
fn encrypted(to: AsyncSmtpTransportBuilder, settings: &Settings) -> Result<AsyncSmtpTransportBuilder, Error> {
    use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters, TlsParametersBuilder};

    if settings.encryption == Encryption::None {
        return Ok(to);
    }
    let failed = |detail: String| Error::Tls { name: settings.name.clone(), detail };
    let certificates = settings.ca_bundle.as_ref().map(|pem| Certificate::from_pem(pem));
    let certificates = certificates.transpose().map_err(|error| failed(format!("ca_bundle: {error}")))?;
    let parameters = |store| {
        let builder = TlsParameters::builder(settings.host.clone()).certificate_store(store);
        certificates.iter().cloned().fold(builder, TlsParametersBuilder::add_root_certificate).build_rustls()
    };
    let parameters = match parameters(CertificateStore::Default) {
        // The system may have no certificates at all, as in a small container: those of the bundle are enough.
        Err(_no_roots) if certificates.is_some() => parameters(CertificateStore::None),
        built => built,
    };
    let parameters = parameters.map_err(|error| failed(error.to_string()))?;
    let is_wrapped = settings.encryption == Encryption::Tls;
    Ok(to.tls(if is_wrapped { Tls::Wrapper(parameters) } else { Tls::Required(parameters) }))
}

/// Refuses encryption, which this build does not have.
#[cfg(not(feature = "tls"))]
fn encrypted(to: AsyncSmtpTransportBuilder, settings: &Settings) -> Result<AsyncSmtpTransportBuilder, Error> {
    if settings.encryption == Encryption::None {
        return Ok(to);
    }
    let detail = "this build has no TLS: build with --features tls (the default), or set `tls: none`".to_owned();
    Err(Error::Tls { name: settings.name.clone(), detail })
}
