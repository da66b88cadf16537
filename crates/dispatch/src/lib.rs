//! What leaves the house: jobs and webhooks.
