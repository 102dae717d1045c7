//! A relay between the SDK and the endpoint that loses what it is told to: answers after they were given, or requests
//! before they arrive. It knows just enough HTTP for the SDK: one exchange per connection, bodies by content-length.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What gets lost, of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The first so many answers; the requests were carried out.
    Answers(usize),
    /// Every request; nothing is carried out.
    Requests,
}

/// Starts a relay on loopback and answers its endpoint. It ends with the process.
pub(super) fn lossy(endpoint: &str, operation: &'static str, loss: Loss) -> String {
    let target = endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let here = format!("http://{}", listener.local_addr().expect("an address"));
    let lost = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (target, lost) = (target.clone(), Arc::clone(&lost));
            // A connection that breaks is what this relay is for: the client's test judges the outcome.
            thread::spawn(move || drop(relay(client, &target, operation, loss, &lost)));
        }
    });
    here
}

fn relay(mut client: TcpStream, target: &str, operation: &str, loss: Loss, lost: &AtomicUsize) -> io::Result<()> {
    let request = message(&mut client)?;
    let wanted = String::from_utf8_lossy(&request).contains(&format!("DynamoDB_20120810.{operation}\r"));
    if wanted && loss == Loss::Requests {
        return Ok(());
    }
    let mut server = TcpStream::connect(target)?;
    server.write_all(&request)?;
    let answer = message(&mut server)?;
    if let (true, Loss::Answers(most)) = (wanted, loss)
        && lost.fetch_add(1, Ordering::Relaxed) < most
    {
        return Ok(());
    }
    // The relay closes after each exchange and says so, or the client would send the next one into the void.
    let first_line = answer.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    client.write_all(&answer[..first_line])?;
    client.write_all(b"connection: close\r\n")?;
    client.write_all(&answer[first_line..])
}

/// One HTTP message: head, and as much body as `content-length` says.
fn message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut block = [0; 8192];
    loop {
        let read = stream.read(&mut block)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&block[..read]);
        if whole(&bytes) {
            return Ok(bytes);
        }
    }
}

fn whole(bytes: &[u8]) -> bool {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let body: usize = length.and_then(|digits| digits.trim().parse().ok()).unwrap_or(0);
    bytes.len() >= head + 4 + body
}
