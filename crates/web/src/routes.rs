//! All routes, in one list.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Web, docs, health, mcp, metrics, openapi, operator, v1};

/// Routes and what they say about themselves.
pub(crate) type Routes = OpenApiRouter<Web>;

/// What tenants and agents reach.
pub(crate) fn public() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(v1::signup::sign_up))
        .routes(routes!(v1::account::show))
        .routes(routes!(v1::verify::verify))
        .routes(routes!(v1::usage::show))
        .routes(routes!(v1::statement::show))
        .routes(routes!(v1::inboxes::create, v1::inboxes::list))
        .routes(routes!(v1::inboxes::show, v1::inboxes::change, v1::inboxes::delete))
        .routes(routes!(v1::emails::list))
        .routes(routes!(v1::poll::poll))
        .routes(routes!(v1::stream::follow))
        .routes(routes!(v1::socket::open))
        .routes(routes!(v1::events::list))
        .routes(routes!(v1::events::redeliver))
        .routes(routes!(v1::leases::claim))
        .routes(routes!(v1::leases::dead))
        .routes(routes!(v1::leases::ack))
        .routes(routes!(v1::leases::nack))
        .routes(routes!(v1::code::wait))
        .routes(routes!(v1::emails::show))
        .routes(routes!(v1::search::search))
        .routes(routes!(v1::threads::list))
        .routes(routes!(v1::threads::show))
        .routes(routes!(v1::send::send))
        .routes(routes!(v1::answers::reply))
        .routes(routes!(v1::answers::forward))
        .routes(routes!(v1::answers::cancel))
        .routes(routes!(v1::extraction::create))
        .routes(routes!(v1::extraction::show))
        .routes(routes!(v1::raw::download))
        .routes(routes!(v1::attachments::show))
        .routes(routes!(v1::files::download))
        .routes(routes!(v1::unsubscribe::ask, v1::unsubscribe::end))
        .routes(routes!(v1::keys::create, v1::keys::list))
        .routes(routes!(v1::keys::revoke))
        .routes(routes!(v1::keys::rotate))
        .routes(routes!(v1::token_scan::scan))
        .routes(routes!(v1::webhooks::create, v1::webhooks::list))
        .routes(routes!(v1::webhooks::show, v1::webhooks::change, v1::webhooks::delete))
        .routes(routes!(v1::webhooks::rotate))
        .routes(routes!(v1::deliveries::test))
        .routes(routes!(v1::deliveries::replay))
        .routes(routes!(v1::deliveries::list))
        .routes(routes!(v1::domains::create, v1::domains::list))
        .routes(routes!(v1::domains::show, v1::domains::delete))
        .routes(routes!(v1::domains::verify))
        .routes(routes!(v1::domains::rotate))
        .routes(routes!(v1::suppressions::create, v1::suppressions::list))
        .routes(routes!(v1::suppressions::delete))
        .routes(routes!(v1::relay::show, v1::relay::set, v1::relay::delete))
        .routes(routes!(v1::review::list))
        .routes(routes!(v1::review::pace))
        .routes(routes!(v1::review::show))
        .routes(routes!(v1::review::release))
        .routes(routes!(v1::review::reject))
        .routes(routes!(v1::gate::show, v1::gate::replace, v1::gate::change))
        .routes(routes!(v1::gate::show_inbox, v1::gate::replace_inbox, v1::gate::change_inbox))
        .routes(routes!(v1::gate::senders))
        .routes(routes!(v1::gate::revoke))
        .routes(routes!(v1::glass::list))
        .routes(routes!(v1::glass::end))
        .routes(routes!(v1::audit::list))
        .routes(routes!(v1::audit::verify))
        .routes(routes!(mcp::ask, mcp::end))
        .merge(everywhere())
}

/// What operators reach, on their own listener.
pub(crate) fn operator() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(operator::tenants::create, operator::tenants::list))
        .routes(routes!(operator::tenants::show, operator::tenants::change, operator::tenants::replace))
        .routes(routes!(operator::brand::show, operator::brand::set, operator::brand::delete))
        .routes(routes!(operator::usage::show))
        .routes(routes!(operator::usage::statement))
        .routes(routes!(operator::standing::suspend))
        .routes(routes!(operator::standing::resume))
        .routes(routes!(operator::glass::open, operator::glass::list))
        .routes(routes!(operator::glass::close))
        .routes(routes!(operator::glass::read))
        .routes(routes!(operator::glass::read_one))
        .routes(routes!(operator::standing::issue_key))
        .routes(routes!(operator::inboxes::create, operator::inboxes::list))
        .routes(routes!(operator::gate::show, operator::gate::replace, operator::gate::change))
        .routes(routes!(
            operator::gate::show_inbox,
            operator::gate::replace_inbox,
            operator::gate::change_inbox
        ))
        .routes(routes!(operator::gate::rescore))
        .routes(routes!(operator::nodes::list))
        .routes(routes!(operator::domains::list))
        .routes(routes!(operator::domains::of_tenant))
        .routes(routes!(operator::isolation::show, operator::isolation::record))
        .routes(routes!(operator::isolation::trespass))
        .routes(routes!(operator::archives::export))
        .routes(routes!(operator::archives::import))
        .routes(routes!(operator::offboarding::offboard, operator::offboarding::show))
        .routes(routes!(operator::offboarding::restore))
        .routes(routes!(operator::offboarding::receipts))
        .routes(routes!(metrics::show))
        .routes(routes!(operator::audit::list))
        .routes(routes!(operator::audit::verify))
        .routes(routes!(operator::audit::checkpoints))
        .routes(routes!(operator::audit::key))
        .routes(routes!(operator::audit::missing))
        .routes(routes!(operator::keys::list))
        .routes(routes!(operator::keys::rotate))
        .routes(routes!(operator::keys::show))
        .routes(routes!(operator::people::invite))
        .merge(everywhere())
}

/// What a process that serves no API has on its private listener: how it is, and what it counted, which no other knows.
pub(crate) fn health() -> Routes {
    everywhere().routes(routes!(metrics::show))
}

/// What every listener has.
fn everywhere() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(openapi::show))
        .routes(routes!(docs::show))
        .routes(routes!(docs::style))
}
