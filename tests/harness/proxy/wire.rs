//! HTTP/1.1 on one connection of a function: a request read whole, an answer written whole.
//!
//! Only what the SDK sends is understood: a length before each body, and at most the wish to be told to go on.

use anyhow::{Context, Result, bail};
use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fault::Answer;

/// More than any client of AWS sends.
const HEADERS: usize = 64;

/// One connection, kept alive from request to request.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    read: BytesMut,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            read: BytesMut::new(),
        }
    }

    /// The next request; none when the function hung up.
    pub(super) async fn request(&mut self) -> Result<Option<(Parts, Bytes)>> {
        let (parts, head) = loop {
            if let Some(found) = head(&self.read)? {
                break found;
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        };
        self.read.advance(head);
        if parts.headers.contains_key(EXPECT) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let length = match parts.headers.get(CONTENT_LENGTH) {
            Some(length) => length.to_str()?.parse().context("a length is a number")?,
            None if parts.headers.contains_key(TRANSFER_ENCODING) => bail!("a body without a length"),
            None => 0,
        };
        while self.read.len() < length {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        }
        Ok(Some((parts, self.read.split_to(length).freeze())))
    }

    /// Writes an answer. Its length is that of its body, unless it answers a HEAD.
    pub(super) async fn answer(&mut self, answer: &Answer) -> Result<()> {
        let status = answer.status();
        let mut out = format!(
            "HTTP/1.1 {} {}\r\n",
            status.as_u16(),
            status.canonical_reason().unwrap_or_default()
        )
        .into_bytes();
        let has_body = !answer.body().is_empty();
        for (name, value) in answer.headers() {
            if name == CONNECTION || name == TRANSFER_ENCODING || (name == CONTENT_LENGTH && has_body) {
                continue;
            }
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        if has_body || !answer.headers().contains_key(CONTENT_LENGTH) {
            out.extend_from_slice(format!("content-length: {}\r\n", answer.body().len()).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(answer.body());
        self.stream.write_all(&out).await.context("the function hung up")
    }
}

/// A request's head and how many bytes it has; none when it is not all there.
fn head(bytes: &[u8]) -> Result<Option<(Parts, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = request.parse(bytes)? else {
        return Ok(None);
    };
    let mut parts = Request::builder()
        .method(Method::from_bytes(request.method.unwrap_or_default().as_bytes())?)
        .uri(request.path.unwrap_or_default())
        .body(())?
        .into_parts()
        .0;
    for header in request.headers {
        parts.headers.append(
            HeaderName::from_bytes(header.name.as_bytes())?,
            HeaderValue::from_bytes(header.value)?,
        );
    }
    Ok(Some((parts, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_all_there() {
        let text = b"POST /b/k%20y?delete= HTTP/1.1\r\nhost: 127.0.0.1:1\r\ncontent-length: 2\r\n\r\n{}";
        assert!(head(&text[..40]).unwrap().is_none());
        let (parts, length) = head(text).unwrap().unwrap();
        assert_eq!(&text[length..], b"{}");
        assert_eq!(
            (parts.method.as_str(), parts.uri.to_string().as_str()),
            ("POST", "/b/k%20y?delete=")
        );
        assert_eq!(parts.headers["host"], "127.0.0.1:1");
        assert!(head(b"not http\r\n\r\n").is_err());
    }
}
