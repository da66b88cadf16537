//! Files of held mail, for the reviewer who has to know what is in one. Each download is an act that the log has first.

use mailward_mail::id::MessageId;
use mailward_store::{Action, State};

use crate::access::Principal;
use crate::reading::files::file_of;
use crate::reading::parsed;
use crate::{Mailroom, Result};

impl Mailroom {
    /// The name and the bytes of a file of a held mail. `None`: there is no such mail, or no such file in it, or it is none
    /// for who asks; an operator has break-glass, which shows no files.
    pub async fn held_file(
        &self,
        caller: &Principal,
        id: &MessageId,
        index: usize,
    ) -> Result<Option<(String, Vec<u8>)>> {
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        let found = scope.message_for_review(id).await?;
        let Some(message) = found.filter(|message| {
            message.state == State::Held && caller.reaches(&message.inbox) && !caller.is_operator()
        }) else {
            return Ok(None);
        };
        let Some(mail) = parsed(caller.tenant(), &mut scope, &keys, &message).await? else { return Ok(None) };
        let Some(file) = mail.attachments.get(index) else { return Ok(None) };
        // Opened before the log is written to, so that nobody waits for it; handed out only when the log has it.
        let content = file_of(caller.tenant(), &mut scope, &keys, &message, file).await?;
        drop(scope);
        let mut scope = caller.tenant().write().await?;
        let number = index.to_string();
        let act = caller.act(Action::HeldFileTaken).on(id.as_str()).word("file", &number);
        scope.audit(&act, self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(Some((file.filename.clone(), content)))
    }
}
