//! Bucket policies: who may do what, as S3 and IAM judge it.
//!
//! Statements with `Effect`, `Principal`, `Action`, `NotAction`, `Resource`, `NotResource` and `Condition`. Of conditions those
//! that a world can decide are understood; a policy with any other is refused, because to ignore it would be a wrong yes.
//!
//! Source: S3 User Guide, bucket policies; IAM User Guide, policy elements and evaluation logic.

use serde_json::{Map, Value};

use crate::call::CallError;
use crate::call::s3::request::Requester;

/// The account that owns every bucket.
pub const ACCOUNT: &str = "000000000000";
/// Bytes of a policy at most.
const MAX_BYTES: usize = 20 * 1024;

/// A policy that was understood.
#[derive(Debug)]
pub struct Policy {
    /// As it was put.
    pub text: String,
    statements: Vec<Statement>,
}

#[derive(Debug)]
struct Statement {
    allows: bool,
    principal: Principal,
    actions: Patterns,
    resources: Patterns,
    conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Principal {
    Everybody,
    Account,
    Nobody,
}

#[derive(Debug)]
struct Patterns {
    negated: bool,
    any: Vec<String>,
}

#[derive(Debug)]
struct Condition {
    test: Test,
    key: Key,
    negated: bool,
    if_exists: bool,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
}

#[derive(Clone, Copy, Debug)]
enum Key {
    Prefix,
    Delimiter,
    SecureTransport,
}

/// What is asked of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who.
    pub requester: Requester,
    /// `s3:GetObject`
    pub action: &'a str,
    /// `arn:aws:s3:::bucket/key`
    pub resource: &'a str,
    /// `prefix` of a listing.
    pub prefix: Option<&'a str>,
    /// `delimiter` of a listing.
    pub delimiter: Option<&'a str>,
}

/// What a policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// No, whatever else allows it.
    Denied,
    /// Yes.
    Allowed,
    /// Nothing.
    Silent,
}

impl Policy {
    /// Reads a policy of this bucket.
    ///
    /// # Errors
    /// `MalformedPolicy`; `NotImplemented` for a condition, or a principal, that is not understood.
    pub fn parse(bucket: &str, text: &str) -> Result<Policy, CallError> {
        if text.len() > MAX_BYTES {
            return Err(malformed("Policy is too large"));
        }
        let Ok(Value::Object(policy)) = serde_json::from_str(text) else {
            return Err(malformed("Policies must be valid JSON and the first byte must be '{'"));
        };
        if !matches!(policy.get("Version").and_then(Value::as_str), None | Some("2012-10-17" | "2008-10-17")) {
            return Err(malformed("The policy must contain a valid version string"));
        }
        let statements = match policy.get("Statement") {
            Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return Err(malformed("Missing required field Statement")),
        };
        let statements =
            statements.into_iter().map(|statement| Statement::parse(bucket, statement)).collect::<Result<_, _>>()?;
        Ok(Policy { text: text.to_owned(), statements })
    }

    /// Whether it lets everybody do something, whatever they ask.
    pub fn is_public(&self) -> bool {
        let open = |statement: &Statement| {
            statement.allows && statement.principal == Principal::Everybody && statement.conditions.is_empty()
        };
        self.statements.iter().any(open)
    }

    /// What it says to a question: a denial wins.
    pub fn judge(&self, question: &Question<'_>) -> Judgement {
        let matching = || self.statements.iter().filter(|statement| statement.is_about(question));
        if matching().any(|statement| !statement.allows) {
            return Judgement::Denied;
        }
        if matching().next().is_some() { Judgement::Allowed } else { Judgement::Silent }
    }
}

impl Statement {
    fn parse(bucket: &str, statement: &Value) -> Result<Statement, CallError> {
        let Value::Object(statement) = statement else { return Err(malformed("Invalid policy syntax.")) };
        let known = ["Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
        if let Some(field) = statement.keys().find(|field| !known.contains(&field.as_str())) {
            if field == "NotPrincipal" {
                return Err(not_understood("NotPrincipal"));
            }
            return Err(malformed(&format!("Unknown field {field}")));
        }
        let allows = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            Some(other) => return Err(malformed(&format!("Invalid effect: {other}"))),
            None => return Err(malformed("Missing required field Effect")),
        };
        let principal =
            principal(statement.get("Principal").ok_or_else(|| malformed("Missing required field Principal"))?)?;
        let actions = patterns(statement, "Action", "NotAction")?;
        if actions.any.iter().any(|action| action != "*" && !action.to_ascii_lowercase().starts_with("s3:")) {
            return Err(malformed("Policy has invalid action"));
        }
        let resources = patterns(statement, "Resource", "NotResource")?;
        let own = format!("arn:aws:s3:::{bucket}");
        let is_own = |resource: &String| {
            resource == "*"
                || resource.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '*']))
        };
        if !resources.any.iter().all(is_own) {
            return Err(malformed("Policy has invalid resource"));
        }
        let conditions = match statement.get("Condition") {
            None => Vec::new(),
            Some(Value::Object(conditions)) => Condition::parse_all(conditions)?,
            Some(_) => return Err(malformed("Invalid Condition")),
        };
        Ok(Statement { allows, principal, actions, resources, conditions })
    }

    fn is_about(&self, question: &Question<'_>) -> bool {
        let who = match self.principal {
            Principal::Everybody => true,
            Principal::Account => question.requester == Requester::Owner,
            Principal::Nobody => false,
        };
        let action = question.action.to_ascii_lowercase();
        who && self.actions.include(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
            && self.resources.include(|pattern| matches(pattern, question.resource))
            && self.conditions.iter().all(|condition| condition.holds(question))
    }
}

impl Patterns {
    fn include(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.any.iter().any(|pattern| matches(pattern)) != self.negated
    }
}

impl Condition {
    fn parse_all(conditions: &Map<String, Value>) -> Result<Vec<Condition>, CallError> {
        let mut all = Vec::new();
        for (operator, keys) in conditions {
            let (name, if_exists) = match operator.strip_suffix("IfExists") {
                Some(name) => (name, true),
                None => (operator.as_str(), false),
            };
            let (test, negated) = match name {
                "StringEquals" => (Test::Equals, false),
                "StringNotEquals" => (Test::Equals, true),
                "StringEqualsIgnoreCase" | "Bool" => (Test::EqualsIgnoreCase, false),
                "StringNotEqualsIgnoreCase" => (Test::EqualsIgnoreCase, true),
                "StringLike" => (Test::Like, false),
                "StringNotLike" => (Test::Like, true),
                _ => return Err(not_understood(&format!("the condition {operator}"))),
            };
            let Value::Object(keys) = keys else { return Err(malformed("Invalid Condition")) };
            for (key, values) in keys {
                let key = match key.to_ascii_lowercase().as_str() {
                    "s3:prefix" => Key::Prefix,
                    "s3:delimiter" => Key::Delimiter,
                    "aws:securetransport" => Key::SecureTransport,
                    _ => return Err(not_understood(&format!("the condition key {key}"))),
                };
                all.push(Condition { test, key, negated, if_exists, values: texts(values)? });
            }
        }
        Ok(all)
    }

    fn holds(&self, question: &Question<'_>) -> bool {
        let value = match self.key {
            Key::Prefix => question.prefix,
            Key::Delimiter => question.delimiter,
            // Nothing in here speaks TLS.
            Key::SecureTransport => Some("false"),
        };
        let Some(value) = value else { return self.negated || self.if_exists };
        let one = |wanted: &String| match self.test {
            Test::Equals => wanted == value,
            Test::EqualsIgnoreCase => wanted.eq_ignore_ascii_case(value),
            Test::Like => matches(wanted, value),
        };
        self.values.iter().any(one) != self.negated
    }
}

fn principal(value: &Value) -> Result<Principal, CallError> {
    let names = match value {
        Value::String(name) if name == "*" => return Ok(Principal::Everybody),
        Value::Object(kinds) => kinds,
        _ => return Err(malformed("Invalid principal in policy")),
    };
    let mut found = Principal::Nobody;
    for (kind, names) in names {
        let names = texts(names)?;
        match kind.as_str() {
            "AWS" if names.iter().any(|name| name == "*") => return Ok(Principal::Everybody),
            "AWS" => {
                let own = |name: &String| name == ACCOUNT || name.contains(&format!("::{ACCOUNT}:"));
                if names.iter().any(own) {
                    found = Principal::Account;
                }
            }
            "CanonicalUser" | "Service" | "Federated" => {}
            _ => return Err(malformed("Invalid principal in policy")),
        }
    }
    Ok(found)
}

fn patterns(statement: &Map<String, Value>, name: &str, negation: &str) -> Result<Patterns, CallError> {
    match (statement.get(name), statement.get(negation)) {
        (Some(values), None) => Ok(Patterns { negated: false, any: texts(values)? }),
        (None, Some(values)) => Ok(Patterns { negated: true, any: texts(values)? }),
        _ => Err(malformed(&format!("Missing required field {name}"))),
    }
}

/// One text, or several; a truth value too, as conditions have it.
fn texts(value: &Value) -> Result<Vec<String>, CallError> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(truth) => Ok(truth.to_string()),
        _ => Err(malformed("Invalid policy syntax.")),
    };
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

/// `*` stands for any text, `?` for one character.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how far its text reached.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&one) if one == '?' || one == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, reached)) = star else { return false };
                star = Some((at, reached + 1));
                p = at + 1;
                t = reached + 1;
            }
        }
    }
    pattern[p..].iter().all(|one| *one == '*')
}

fn malformed(what: &str) -> CallError {
    CallError::rejected("MalformedPolicy", 400, what)
}

fn not_understood(what: &str) -> CallError {
    CallError::rejected("NotImplemented", 501, format!("egress-sim does not understand {what} in a policy"))
}
