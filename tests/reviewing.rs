//! People who decide on held mail: how long it waits for them, and where two must agree; and operators who look at mail.

mod four_eyes;
mod glass;
mod pace;
