//! The description of the routes, made of the annotations of their handlers.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Server,
};

use crate::Web;
use crate::problem::ErrorView;

/// This description.
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "health", security(()),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")))]
pub(crate) async fn show(State(web): State<Web>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], web.openapi.clone())
}

/// Completes what the handlers say of themselves by what is true of all of them, and writes it down once.
pub(crate) fn document(mut api: OpenApi, title: &str, public_url: &str) -> Bytes {
    api.info = InfoBuilder::new().title(title).version(env!("CARGO_PKG_VERSION")).build();
    api.servers = Some(vec![Server::new(public_url)]);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let mut components = api.components.take().unwrap_or_else(|| ComponentsBuilder::new().build());
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.schemas.insert(ErrorView::name().into_owned(), ErrorView::schema());
    api.components = Some(components);
    api.security = Some(vec![SecurityRequirement::new("bearer", [""; 0])]);

    let error = Ref::from_schema_name(ErrorView::name());
    let content = ContentBuilder::new().schema(Some(RefOr::Ref(error))).build();
    let response =
        ResponseBuilder::new().description("Any error").content("application/json", content).build();
    for path in api.paths.paths.values_mut() {
        let methods = [&mut path.get, &mut path.put, &mut path.post, &mut path.patch, &mut path.delete];
        for operation in methods.into_iter().flatten() {
            operation.responses.responses.insert("default".into(), RefOr::T(response.clone()));
        }
    }
    serde_json::to_vec(&api).expect("a description has string keys").into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use crate::routes;

    fn described(routes: routes::Routes) -> Value {
        let (_, api) = routes.split_for_parts();
        serde_json::from_slice(&super::document(api, "t", "https://mail.test")).expect("JSON")
    }

    fn operations(api: &Value) -> Vec<(String, &Value)> {
        let paths = api["paths"].as_object().expect("paths");
        paths
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().expect("methods");
                methods.iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
            })
            .collect()
    }

    #[test]
    fn every_route_has_a_name_of_its_own_and_says_what_an_error_is() {
        for api in [described(routes::public()), described(routes::operator())] {
            let operations = operations(&api);
            let names: HashSet<&str> = operations
                .iter()
                .map(|(_, operation)| operation["operationId"].as_str().expect("a name"))
                .collect();
            assert_eq!(names.len(), operations.len());
            for (route, operation) in &operations {
                let error =
                    &operation["responses"]["default"]["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(error, "#/components/schemas/Error", "{route}");
            }
        }
    }

    #[test]
    fn nothing_is_referred_to_that_is_not_described() {
        for api in [described(routes::public()), described(routes::operator())] {
            let text = api.to_string();
            for reference in text.split("\"#/components/schemas/").skip(1) {
                let name = reference.split('"').next().expect("a name");
                assert!(!api["components"]["schemas"][name].is_null(), "{name}");
            }
        }
    }

    #[test]
    fn only_these_routes_need_no_token() {
        let api = described(routes::public());
        let open: Vec<String> = operations(&api)
            .into_iter()
            .filter(|(_, operation)| operation["security"] == serde_json::json!([{}]))
            .map(|(route, _)| route)
            .collect();
        assert_eq!(
            open,
            [
                "get /docs",
                "get /docs/style.css",
                "get /healthz",
                "get /openapi.json",
                "get /readyz",
                // The link is the permission, and ends something alone.
                "get /u/{signed}",
                "post /u/{signed}",
                "get /v1/files/{signed}",
                "post /v1/signup",
                "post /v1/token-scan"
            ]
        );
    }
}
