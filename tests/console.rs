//! The console, as people and those who are not reach it.

mod brand;
mod browser;
mod figures;
mod files;
mod payloads;
mod people;
pub mod person;
mod review;
mod sent;
mod staff;
mod usage;

use crate::world::World;
use crate::world::http::{Answer, Request};

/// A page as nobody in particular asks for it.
async fn nobody(world: &World, path: &str) -> Answer {
    Request::new(world.http, "GET", path).send().await
}
