//! Trust in the certificates of `control_m.ca_bundle`, beside the system's.
//!
//! A server on premises often has a certificate that signs itself and calls itself an authority, as `openssl req -x509` makes it.
//! As the certificate of a server such a one is refused by webpki, also if it is trusted as a root. It is accepted here if it is in
//! the bundle byte by byte, is valid at this time, and names the server: nobody else has its key.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

/// A TLS configuration that trusts these certificates in PEM form, and the system's; or why there is none.
pub(super) fn trusting(pem: &[u8]) -> Result<ClientConfig, String> {
    let certificates: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|error| format!("it is not in PEM form: {error:?}"))?;
    if certificates.is_empty() {
        return Err("it has no certificate: -----BEGIN CERTIFICATE----- is expected".to_owned());
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots.add(certificate.clone()).map_err(|error| format!("a certificate in it is invalid: {error}"))?;
    }
    // The system may have no certificates at all, as in a small container: those of the bundle are enough.
    let verifier: Arc<dyn ServerCertVerifier> =
        match Verifier::new_with_extra_roots(certificates.clone(), Arc::clone(&provider)) {
            Ok(verifier) => Arc::new(verifier),
            Err(_no_roots) => WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| error.to_string())?,
        };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?.dangerous();
    let verifier = Arc::new(Trusting { verifier, certificates });
    Ok(config.with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// The usual verifier, and the exception of this module.
#[derive(Debug)]
struct Trusting {
    verifier: Arc<dyn ServerCertVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let usual = self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match usual {
            Err(error) if is_ca_as_server(&error) && self.certificates.iter().any(|it| **it == **end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// True if all but this was right: webpki checks the time before it checks that an authority is not a server.
fn is_ca_as_server(error: &Error) -> bool {
    // rustls hands webpki's error on without its type.
    format!("{error:?}").contains("CaUsedAsEndEntity")
}
