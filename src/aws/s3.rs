//! Templates from an S3 bucket.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::{Bytes, BytesMut};
use tokio::runtime::Handle;

use super::message;
use crate::blob::{Blob, Error, Fetched, Result, Revision, SIZE_MAX, Source};

/// The HTTP status of S3 for an `If-None-Match` with the current `ETag`.
const NOT_MODIFIED: u16 = 304;

/// The objects of one bucket; a blob's name is its key, its revision the `ETag`.
#[derive(Clone, Debug)]
pub struct S3 {
    client: Client,
    bucket: String,
    handle: Handle,
}

impl S3 {
    /// An adapter for `bucket` that blocks on `handle`; see [`super::load`] for the configuration.
    pub fn new(config: &SdkConfig, bucket: &str, handle: Handle) -> Self {
        // Other endpoints than Amazon's have no host name per bucket; Amazon supports both forms.
        let config = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
        Self { client: Client::from_conf(config), bucket: bucket.to_owned(), handle }
    }

    fn location(&self) -> String {
        format!("s3://{}", self.bucket)
    }

    async fn get(&self, key: &str, known: Option<&Revision>) -> Result<Fetched> {
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let request = request.set_if_none_match(known.map(|revision| revision.as_str().to_owned()));
        match request.send().await {
            Ok(answer) => self.read(key, answer).await.map(Fetched::Current),
            Err(error) if status(&error) == Some(NOT_MODIFIED) => Ok(Fetched::Unchanged),
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                Err(Error::Missing { name: key.to_owned(), location: self.location() })
            }
            Err(error) => Err(self.unavailable(key, message::of(&error, "s3:GetObject"))),
        }
    }

    async fn read(&self, key: &str, answer: GetObjectOutput) -> Result<Blob> {
        let etag = answer.e_tag.unwrap_or_default();
        let (mut body, mut bytes) = (answer.body, BytesMut::new());
        while let Some(chunk) = body.try_next().await.map_err(|error| self.unavailable(key, message::causes(&error)))? {
            if bytes.len() + chunk.len() > SIZE_MAX {
                return Err(Error::TooLarge { name: key.to_owned(), location: self.location() });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Blob { bytes: Bytes::from(bytes), revision: Revision::new(&etag) })
    }

    fn unavailable(&self, key: &str, detail: String) -> Error {
        Error::Unavailable { name: key.to_owned(), location: self.location(), detail }
    }
}

impl Source for S3 {
    fn fetch(&self, name: &str, known: Option<&Revision>) -> Result<Fetched> {
        if name.is_empty() {
            return Err(Error::Name { name: name.to_owned(), location: self.location() });
        }
        self.handle.block_on(self.get(name, known))
    }
}

fn status(error: &SdkError<GetObjectError>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
