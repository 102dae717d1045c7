//! Listening, judging, passing on.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::future::join_all;
use http::header::{CONNECTION, EXPECT, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpStream;

use super::call::Call;
use super::fault::{Answer, Fault, broken, denied, entries_throttled, entry_unclear, throttled};
use super::script::{Script, Scripts};
use super::wire::Connection;

/// Serves every listener until it is dropped.
pub(super) async fn all(endpoint: Uri, listeners: Vec<(&'static str, TcpListener)>, scripts: Arc<Scripts>) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let passing = Arc::new(Passing {
        client,
        endpoint,
        scripts,
    });
    let accepting = listeners
        .into_iter()
        .map(|(function, listener)| accept(function, listener, &passing));
    join_all(accepting).await;
}

async fn accept(function: &'static str, listener: TcpListener, passing: &Arc<Passing>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the proxy runs in a runtime");
    loop {
        // A connection that failed while it was made concerns nobody but its caller, who tries again.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(function, stream, Arc::clone(passing)));
        }
    }
}

/// Answers one connection's requests until the function hangs up, or a fault does.
async fn converse(function: &'static str, stream: TcpStream, passing: Arc<Passing>) {
    let _ = stream.set_nodelay(true);
    let mut connection = Connection::new(stream);
    while let Ok(Some((parts, body))) = connection.request().await {
        let call = Arc::new(Call::read(function, &parts, body));
        let Some(answer) = passing.answer(&Arc::new(parts), &call).await else {
            return;
        };
        if connection.answer(&answer).await.is_err() {
            return;
        }
    }
}

#[derive(Debug)]
struct Passing {
    client: Client<HttpConnector, Full<Bytes>>,
    endpoint: Uri,
    scripts: Arc<Scripts>,
}

impl Passing {
    /// The answer; none when the connection is to end without one.
    async fn answer(self: &Arc<Self>, parts: &Arc<Parts>, call: &Arc<Call>) -> Option<Answer> {
        let script = self.scripts.for_call(call);
        let fault = script.as_ref().and_then(|script| script.judge(call));
        if let Some(script) = &script {
            let unheard = [Fault::Throttled, Fault::EntriesThrottled, Fault::Denied];
            let refused = fault.is_some_and(|fault| unheard.contains(&fault));
            script.witness.heard(call, refused);
        }
        let pass = || self.pass(parts, call, script.as_deref());
        match fault {
            None => pass().await,
            Some(Fault::Throttled) => Some(throttled(call)),
            Some(Fault::Broken) => Some(broken(call)),
            Some(Fault::Denied) => Some(denied(call)),
            Some(Fault::EntriesThrottled) => Some(entries_throttled(call)),
            Some(Fault::CutBefore) => None,
            Some(Fault::CutAfter) => {
                pass().await;
                None
            }
            Some(Fault::Twice) => {
                pass().await;
                pass().await
            }
            Some(Fault::EntryUnclear) => {
                let answer = pass().await?;
                let is_success = answer.status().is_success();
                Some(if is_success {
                    answer.map(|body| entry_unclear(call, &body))
                } else {
                    answer
                })
            }
            Some(Fault::Late(after)) => {
                let (this, parts, call) = (Arc::clone(self), Arc::clone(parts), Arc::clone(call));
                // A task of its own: the call arrives even when the function has long given up on it.
                let late = tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    this.pass(&parts, &call, script.as_deref()).await
                });
                late.await.ok()?
            }
        }
    }

    /// Passes a call on as it was signed; none when the stack does not answer.
    async fn pass(&self, parts: &Parts, call: &Call, script: Option<&Script>) -> Option<Answer> {
        let mut uri = self.endpoint.clone().into_parts();
        uri.path_and_query = parts.uri.path_and_query().cloned();
        let mut request = Request::new(Full::new(call.body.clone()));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = Uri::from_parts(uri).ok()?;
        *request.headers_mut() = parts.headers.clone();
        // What concerns one connection only.
        for name in [CONNECTION, EXPECT, TRANSFER_ENCODING] {
            request.headers_mut().remove(name);
        }
        let begun = Instant::now();
        let (head, body) = self.client.request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        if let Some(script) = script.filter(|_| head.status.is_success()) {
            script.witness.saw(call, &body, begun);
        }
        Some(Response::from_parts(head, body))
    }
}
