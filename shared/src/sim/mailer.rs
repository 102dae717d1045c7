//! The fake of the mail service: keeps what was handed over, and refuses addresses it was told to refuse.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use jiff::Timestamp;

use super::world::World;
use crate::ports::{Letter, MailFault, Mailer};

#[derive(Debug, Default)]
struct Post {
    delivered: Vec<(Timestamp, Letter)>,
    refused: BTreeSet<String>,
}

/// Takes letters.
#[derive(Clone, Debug)]
pub struct SimMailer {
    world: World,
    post: Rc<RefCell<Post>>,
}

impl SimMailer {
    /// In a world.
    pub fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            post: Rc::default(),
        }
    }

    /// From now on, letters to this address are refused for good.
    pub fn refuse(&self, address: &str) {
        self.post.borrow_mut().refused.insert(address.to_owned());
    }

    /// Letters that were delivered, in order.
    pub fn delivered(&self) -> Vec<Letter> {
        self.delivered_at().into_iter().map(|(_, letter)| letter).collect()
    }

    /// The same, with when each was handed over.
    pub fn delivered_at(&self) -> Vec<(Timestamp, Letter)> {
        self.post.borrow().delivered.clone()
    }
}

impl Mailer for SimMailer {
    async fn send(&self, letter: &Letter) -> Result<(), MailFault> {
        let hand_over = || {
            let mut post = self.post.borrow_mut();
            if post.refused.contains(letter.to.expose()) {
                return Err(MailFault::Refused {
                    code: "rejected",
                    source: "the address is refused".into(),
                });
            }
            post.delivered.push((self.world.now(), letter.clone()));
            Ok(())
        };
        let what = format!("{} of {}", letter.occasion, letter.request);
        let later = |fault| Err(MailFault::Later(Box::new(fault)));
        self.world.call("send mail", what, hand_over, later).await
    }
}
