//! Errors of AWS in a sentence with the remedy.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// The sentence of a failed call; `permission` is the one that it needs.
pub(super) fn of<E, R>(error: &SdkError<E, R>, permission: &str) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    if let Some(answer) = error.as_service_error() {
        let (code, message) = (answer.code().unwrap_or("an error"), answer.message().unwrap_or("without a message"));
        return format!("AWS answered {code} ({message}): {}", remedy_of_code(code, permission));
    }
    let causes = causes(error);
    format!("{causes}: {}", remedy_of_causes(&causes))
}

/// An error with its causes, without what repeats.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut texts = vec![first_line(error)];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = first_line(error);
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        cause = error.source();
    }
    texts.join(": ")
}

/// The first sentence of an error: the chain of credentials lists every source below it.
fn first_line(error: &dyn Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_end_matches(" Attempted:").trim_end_matches('.').to_owned()
}

fn remedy_of_code(code: &str, permission: &str) -> String {
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if has(&["AccessDenied", "Forbidden", "UnauthorizedOperation"]) {
        format!(
            "allow {permission} to the role or user of this process, and kms:Decrypt if it is encrypted with a key of yours"
        )
    } else if has(&["ExpiredToken", "UnrecognizedClient", "InvalidClientTokenId", "InvalidAccessKeyId", "Signature"]) {
        "the AWS credentials are wrong or have expired: renew them, and check the clock of this machine".to_owned()
    } else if has(&["NoSuchBucket"]) {
        "create the bucket, or correct its name".to_owned()
    } else if has(&["Redirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint"]) {
        "it is in another region: set AWS_REGION to that".to_owned()
    } else if has(&[
        "Throttl",
        "SlowDown",
        "TooManyRequests",
        "ServiceUnavailable",
        "InternalError",
        "InternalServiceError",
    ]) {
        "AWS is busy: try again later".to_owned()
    } else {
        "check the name, AWS_REGION and the permissions".to_owned()
    }
}

fn remedy_of_causes(causes: &str) -> &'static str {
    let causes = causes.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| causes.contains(word));
    if has(&["credential", "identity"]) {
        "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or run it with a role"
    } else if has(&["region"]) {
        "there is no AWS region: set AWS_REGION"
    } else if has(&["dispatch failure", "timeout", "timed out", "dns", "connect"]) {
        "AWS cannot be reached: check the network, AWS_REGION and AWS_ENDPOINT_URL"
    } else {
        "check AWS_REGION and the credentials"
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::operation::get_object::GetObjectError;

    use super::*;

    fn answered(code: &str) -> String {
        let metadata = aws_sdk_s3::error::ErrorMetadata::builder().code(code).message("no").build();
        of(&SdkError::service_error(GetObjectError::generic(metadata), ()), "s3:GetObject")
    }

    #[test]
    fn an_answer_is_a_sentence_with_its_remedy() {
        let denied = answered("AccessDenied");
        assert!(denied.starts_with("AWS answered AccessDenied (no): allow s3:GetObject to the role"), "{denied}");
        assert!(answered("ExpiredToken").contains("have expired: renew them"));
        assert!(answered("PermanentRedirect").contains("set AWS_REGION"));
        assert!(answered("Unheard").ends_with("check the name, AWS_REGION and the permissions"));
    }

    #[test]
    fn what_did_not_arrive_is_a_sentence_with_its_remedy() {
        let without: SdkError<GetObjectError, ()> = SdkError::construction_failure("no credentials in the chain");
        let text = of(&without, "s3:GetObject");
        assert!(text.contains("no credentials in the chain: there are no AWS credentials"), "{text}");
        let late: SdkError<GetObjectError, ()> = SdkError::timeout_error("operation timed out after 10 s");
        let text = of(&late, "s3:GetObject");
        assert!(text.contains("AWS cannot be reached") && !text.contains('{'), "{text}");
    }
}
