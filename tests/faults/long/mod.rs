//! What only the long form does: it needs a stack and a build of its own.

mod upgrade;
