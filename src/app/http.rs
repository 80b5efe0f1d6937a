//! The settings of the HTTP server, with the secrets of its tokens.

use super::Secrets;
use super::error::{Error, Result};
use crate::admin::{Access, Role, ServerSettings, TlsFiles, Token};
use crate::config::{Config, Http, HttpRole, HttpTls, HttpToken};

/// The settings of the HTTP server. Blocks: do not call it on a thread of a tokio runtime.
pub fn http(config: &Config, secrets: &Secrets) -> Result<ServerSettings> {
    let Http { bind, advertise: _, hosts, tokens, anonymous, read_only, tls } = &config.http;
    let tokens =
        tokens.iter().enumerate().map(|(index, token)| resolve(index, token, secrets)).collect::<Result<_>>()?;
    let tls = tls.as_ref().map(|HttpTls { cert, key }| TlsFiles { cert: cert.clone(), key: key.clone() });
    if tls.is_none() && !bind.ip().is_loopback() && !config.http.tokens.is_empty() {
        tracing::warn!(
            "http.tokens travel unencrypted to and from {bind}: set http.tls, unless a proxy in front of the server encrypts"
        );
    }
    let access = Access { tokens, anonymous: anonymous.map(role), read_only: *read_only };
    Ok(ServerSettings { bind: *bind, hosts: hosts.clone(), access, tls })
}

fn resolve(index: usize, HttpToken { name, role: named, token }: &HttpToken, secrets: &Secrets) -> Result<Token> {
    let setting = token_setting(index);
    let text = secrets.resolve(&setting, token)?;
    check_length(&setting, name, text.expose())?;
    Ok(Token::new(name, role(*named), text.expose()))
}

/// The path of a token's setting.
pub(super) fn token_setting(index: usize) -> String {
    format!("http.tokens[{index}].token")
}

/// Refuses a token that can be guessed.
pub(super) fn check_length(setting: &str, name: &str, token: &str) -> Result<()> {
    if token.chars().count() < Token::CHARS_MIN {
        let (setting, name) = (setting.to_owned(), name.to_owned());
        return Err(Error::ShortToken { setting, name, least: Token::CHARS_MIN });
    }
    Ok(())
}

const fn role(role: HttpRole) -> Role {
    match role {
        HttpRole::Read => Role::Read,
        HttpRole::Act => Role::Act,
        HttpRole::Admin => Role::Admin,
    }
}
