//! Tokens that are good, but for somebody else; that are unsigned; that name a group which only looks like the operators'.
//!
//! The gateway checks signature, issuer, audience and expiry. What is tested here is that the template tells it to, and
//! that a function which is reached without its claims answers nobody.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harness::people::{OPERATORS, Person, sign_in, sign_up};
use harness::wait::unique;
use harness::{App, deletion, project};
use lethe::api::Api;
use lethe::invoke::invoke;
use lethe::signin;
use lethe::stack_file::Stack;
use serde_json::{Value, json};

/// Groups that a careless reader takes for the operators'. Cognito allows all of them.
const ALMOST_OPERATORS: [&str; 6] = [
    "NotPlatformAdmin",
    "platformadmin",
    "x,PlatformAdmin",
    "PlatformAdmin,x",
    "\"PlatformAdmin\"",
    "[PlatformAdmin]",
];

#[tokio::test]
async fn a_token_for_somebody_else_is_no_token() {
    let app = App::start_alone().await;
    let person = || Person::staff(&app.tenant, OPERATORS);
    let (pool, client) = (
        another_pool(&app).await,
        another_client(&app, &app.stack.user_pool_id).await,
    );
    let of_another_pool = sign_in(&pool, &person()).await;
    let of_another_client = sign_in(&client, &person()).await;
    for (what, api) in [
        ("another pool's", of_another_pool),
        ("another application's", of_another_client),
    ] {
        assert_eq!(api.get("/v1/requests").await.unwrap().status, 401, "{what} token");
    }
}

#[tokio::test]
async fn an_unsigned_token_is_no_token() {
    let app = App::start_alone().await;
    let user = sign_up(&app.stack, &Person::staff(&app.tenant, OPERATORS))
        .await
        .unwrap();
    let token = signin::sign_in(&app.stack, &user).await.unwrap().id;
    let parts: Vec<_> = token.split('.').collect();
    let none = |name: &str| URL_SAFE_NO_PAD.encode(json!({ "alg": name, "typ": "JWT" }).to_string());
    let kept = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    let kept_kid = URL_SAFE_NO_PAD.encode(kept.replace("RS256", "none"));
    let nobody = Api::anonymous(&app.stack).unwrap();
    for (what, forged) in [
        ("alg none", format!("{}.{}.", none("none"), parts[1])),
        ("alg NONE", format!("{}.{}.", none("NONE"), parts[1])),
        (
            "alg none with a signature",
            format!("{}.{}.{}", none("none"), parts[1], parts[2]),
        ),
        ("alg none and the known key", format!("{kept_kid}.{}.", parts[1])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        (
            "a very large token",
            format!("{}.{}.{}", parts[0], "A".repeat(60_000), parts[2]),
        ),
    ] {
        let answer = nobody.clone().with_token(forged).get("/v1/requests").await.unwrap();
        assert!(
            [400, 401, 431].contains(&answer.status.as_u16()),
            "{what}: {}",
            answer.status
        );
    }
    let answer = nobody.with_token(token).get("/v1/requests").await.unwrap();
    assert_eq!(answer.status, 200, "the token itself is good");
}

#[tokio::test]
async fn a_group_that_looks_like_the_operators_is_not_theirs() {
    let app = App::start_alone().await;
    let cognito = app.clients.cognito();
    for name in ALMOST_OPERATORS {
        // There from an earlier run on the same stack, perhaps.
        let made = cognito
            .create_group()
            .user_pool_id(&app.stack.user_pool_id)
            .group_name(name);
        drop(made.send().await);
    }
    let person = Person {
        groups: ALMOST_OPERATORS.to_vec(),
        ..Person::staff(&app.tenant, OPERATORS)
    };
    let api = sign_in(&app.stack, &person).await;
    let case = app.subject("Ada").await.submit(deletion(["profile"])).await;
    let verify = case.call(&api, "/verify", json!({ "method": "passport" })).await;
    assert_eq!(
        verify.status, 404,
        "somebody else's request is not there: {}",
        verify.body
    );
    let own: Value = api
        .post("/v1/requests", &deletion(["profile"]))
        .await
        .unwrap()
        .success()
        .unwrap();
    let own = harness::Case::of(&app, &api, &own);
    let verify = own.call(&api, "/verify", json!({ "method": "passport" })).await;
    assert_eq!(
        (verify.status.as_u16(), verify.code()),
        (403, "operator_only"),
        "{}",
        verify.body
    );
}

#[tokio::test]
async fn a_function_without_the_gateways_claims_answers_nobody() {
    let app = App::start_alone().await;
    let event: Value = serde_json::from_str(&project::read("functions/submission/events/http-submit.json")).unwrap();
    let guarded = project::routes()
        .into_iter()
        .filter(|(_, authorization)| authorization == "JWT");
    for (route, _) in guarded {
        let mut statuses = vec![];
        for function in ["SubmissionFunction", "ReviewFunction"] {
            let mut event = event.clone();
            event["routeKey"] = json!(route);
            event["requestContext"]["routeKey"] = json!(route);
            event["requestContext"]["authorizer"] = Value::Null;
            event["pathParameters"] = json!({ "id": "dsr_01JZ0M3V5T7XQ9B2C4D6E8F0GH" });
            let answer = invoke(&app.stack, function, &event).await.unwrap();
            statuses.push(answer["statusCode"].as_u64().unwrap_or_default());
        }
        assert!(statuses.contains(&401), "{route}: {statuses:?}");
        let refused = |status: &u64| [401, 404, 405].contains(status);
        assert!(statuses.iter().all(refused), "{route}: {statuses:?}");
    }
}

/// As deployed; the emulator lets users write what the client forbids, so nobody tries here.
#[tokio::test]
async fn users_write_nothing_but_their_name() {
    let app = App::start_alone().await;
    let (cognito, pool) = (app.clients.cognito(), &app.stack.user_pool_id);
    let client = cognito
        .describe_user_pool_client()
        .user_pool_id(pool)
        .client_id(&app.stack.client_id);
    let client = client.send().await.unwrap().user_pool_client.unwrap();
    assert_eq!(client.write_attributes(), ["name"]);
    let pool = cognito.describe_user_pool().user_pool_id(pool).send().await.unwrap();
    let creation = pool.user_pool.unwrap().admin_create_user_config.unwrap();
    assert!(creation.allow_admin_create_user_only, "nobody signs themselves up");
}

/// A pool with the same groups and claims, whose tokens are signed as well as any.
async fn another_pool(app: &App) -> Stack {
    use aws_sdk_cognitoidentityprovider::types::{AttributeDataType, SchemaAttributeType};
    let cognito = app.clients.cognito();
    let mut create = cognito.create_user_pool().pool_name(unique());
    for name in ["tenant", "subject_id"] {
        let attribute = SchemaAttributeType::builder().name(name).mutable(true);
        create = create.schema(attribute.attribute_data_type(AttributeDataType::String).build());
    }
    let pool = create
        .send()
        .await
        .expect("a pool")
        .user_pool
        .expect("a pool")
        .id
        .expect("an id");
    let group = cognito.create_group().user_pool_id(&pool).group_name(OPERATORS);
    group.send().await.expect("a group");
    another_client(app, &pool).await
}

/// The stack as seen by another client application of a pool.
async fn another_client(app: &App, pool: &str) -> Stack {
    use aws_sdk_cognitoidentityprovider::types::ExplicitAuthFlowsType;
    let create = app.clients.cognito().create_user_pool_client().user_pool_id(pool);
    let create = create
        .client_name(unique())
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowAdminUserPasswordAuth)
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowRefreshTokenAuth);
    let client = create
        .send()
        .await
        .expect("a client")
        .user_pool_client
        .expect("a client");
    Stack {
        user_pool_id: pool.to_owned(),
        client_id: client.client_id.expect("an id"),
        ..app.stack.clone()
    }
}
