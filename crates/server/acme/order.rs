//! One order, from the first question to the certificate (RFC 8555 7.4), with proofs by HTTP (8.3).

use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewOrder, Order, OrderStatus, RetryPolicy,
};
use mailward_web::Challenges;
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use zeroize::Zeroizing;

use super::Fault;

/// How often the authority is asked whether it is done, and for how long.
const ASKING: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(250))
    .backoff(1.5)
    .timeout(Duration::from_secs(120));

/// The authority says no more than that the order is invalid.
const SILENT: Fault = Fault::Authority(Error::Str("the reason why the order is invalid"));

/// Orders a certificate for these names. Answers with its chain and its key, both PEM; the key is a fresh one.
pub(super) async fn order(
    account: &Account,
    domains: &[String],
    challenges: &Challenges,
) -> Result<(String, Zeroizing<String>), Fault> {
    let names: Vec<Identifier> = domains.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    let mut open = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let domain = authorization.identifier().to_string();
        match authorization.status {
            AuthorizationStatus::Pending => {}
            // Proven not long ago.
            AuthorizationStatus::Valid => continue,
            other => return Err(Fault::Unproven { domain, why: format!("its proof is {other:?}") }),
        }
        let none = || Fault::Unproven { domain, why: "the authority takes no proof by HTTP".into() };
        let mut challenge = authorization.challenge(ChallengeType::Http01).ok_or_else(none)?;
        open.push(challenges.open(&challenge.token, challenge.key_authorization().as_str()));
        challenge.set_ready().await?;
    }
    match order.poll_ready(&ASKING).await {
        Ok(OrderStatus::Ready) => {}
        Ok(_) => return Err(refusal(&mut order).await.unwrap_or(SILENT)),
        Err(error @ Error::Api(_)) => return Err(refusal(&mut order).await.unwrap_or(error.into())),
        Err(error) => return Err(error.into()),
    }
    drop(open);
    let key = KeyPair::generate()?;
    let mut request = CertificateParams::new(domains)?;
    request.distinguished_name = DistinguishedName::new();
    order.finalize_csr(request.serialize_request(&key)?.der()).await?;
    let chain = order.poll_certificate(&ASKING).await?;
    Ok((chain, Zeroizing::new(key.serialize_pem())))
}

/// What the authority found, name by name: the order itself may not say which of them it is about.
async fn refusal(order: &mut Order) -> Option<Fault> {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let domain = authorization.identifier().to_string();
        let Ok(state) = authorization.refresh().await else { continue };
        if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.as_ref()) {
            return Some(Fault::Unproven { domain, why: problem.to_string() });
        }
    }
    None
}
