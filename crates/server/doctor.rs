//! Whether a deployment keeps what it promises: asked of the running service, through the doors that everybody uses.

mod canary;

pub use canary::Canary;
