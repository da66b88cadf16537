//! What a process with the role `dispatch` does in the background: a worker for each kind of job, and what time brings.

use std::path::PathBuf;
use std::sync::Arc;

use mailward_dispatch::{Handlers, Lane, Terms, Worker, sweep};
use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_mailroom::Mailroom;
use mailward_net::egress::Egress;
use mailward_store::{JobKind, Store};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::supervise::Supervisor;
use crate::{StartError, checkpoints, decisions, domains, hooks, judging, reports, sending};

/// What the background works with.
pub(crate) struct Background<'a> {
    pub(crate) config: &'a Config,
    pub(crate) store: &'a Store,
    pub(crate) room: &'a Mailroom,
    pub(crate) clock: &'a Clock,
    pub(crate) random: &'a Random,
    pub(crate) stop: &'a CancellationToken,
}

impl Background<'_> {
    /// Begins all of it. What waited when this process last stopped is taken up again.
    pub(crate) async fn begin(
        &self,
        tasks: &mut Supervisor,
        egress: Egress,
        checkpoints: PathBuf,
    ) -> Result<(), StartError> {
        let Self { config, store, room, clock, random, stop } = *self;
        self.keep_swept(tasks);
        let (kept_room, stopped) = (room.clone(), stop.clone());
        tasks.keep("checkpoints", move || {
            checkpoints::keep(kept_room.clone(), checkpoints.clone(), stopped.clone())
        });
        self.work(tasks, "webhooks", hooks::handlers(room, egress, clock, random), Lane::WEBHOOKS);
        let back = store.take_back(JobKind::Judge, clock.now()).await.map_err(StartError::store)?;
        if back > 0 {
            tracing::info!(mails = back, "mail that waited for the judge is taken up again");
        }
        self.work(tasks, "judging", judging::handlers(room, clock, stop), judging::lane(config));
        let back = store.take_back_sending(clock.now()).await.map_err(StartError::store)?;
        if back > 0 {
            tracing::info!(mails = back, "mail that was on its way is taken up again");
        }
        let handlers = sending::handlers(config, room, clock, random, stop).await?;
        self.work(tasks, "sending", handlers, sending::lane(config));
        self.work(tasks, "domains", domains::handlers(room, clock), domains::LANE);
        self.work(tasks, "decisions", decisions::handlers(room, clock), decisions::LANE);
        self.work(tasks, "reports", reports::handlers(room, clock), reports::LANE);
        let (rotating, stopped) = (room.clone(), stop.clone());
        tasks.keep("rotations", move || rotate_keys(rotating.clone(), stopped.clone()));
        let (closing, stopped) = (room.clone(), stop.clone());
        tasks.keep("closings", move || closing.clone().run_closings(stopped.clone().cancelled_owned()));
        let (ending, stopped) = (room.clone(), stop.clone());
        tasks.keep("endings", move || ending.clone().run_endings(stopped.clone().cancelled_owned()));
        Ok(())
    }

    /// A worker of its own for a kind of job: what one kind waits for keeps no other waiting.
    fn work(&self, tasks: &mut Supervisor, task: &'static str, handlers: Handlers, lane: Lane) {
        let worker = Arc::new(Worker::new(
            self.store.clone(),
            self.clock.clone(),
            handlers,
            self.config.store.look_again,
            self.config.served_regions(),
            lane,
        ));
        let stop = self.stop.clone();
        tasks.keep(task, move || Arc::clone(&worker).run(stop.clone()));
    }

    fn keep_swept(&self, tasks: &mut Supervisor) {
        let terms = Terms { held: self.config.screening.held(), expired: self.config.limits.expired() };
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let (random, stop) = (self.random.clone(), self.stop.clone());
        tasks.keep("sweep", move || sweep(store.clone(), clock.clone(), random.clone(), terms, stop.clone()));
    }
}

/// Dropped in the middle of a step, a rotation is resumed at the next start.
async fn rotate_keys(room: Mailroom, stop: CancellationToken) {
    tokio::select! {
        () = room.run_rotations() => {}
        () = stop.cancelled() => {}
    }
}
