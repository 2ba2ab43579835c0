//! Slash-separated paths as the worker handles them: Go's `path` package, and what the worker adds to it.

/// A template as a key may begin: no `.`, no leading `..`, but with the `/` at either end that it had.
pub(super) fn clean(template: &str) -> String {
    let path = shortest(template);
    let mut path = path.as_str();
    while let Some(rest) = path.strip_prefix("../") {
        path = rest;
    }
    match path {
        "" | ".." => String::new(),
        // The worker turns `/` into `//`.
        path if template.ends_with('/') => format!("{path}/"),
        path => path.to_owned(),
    }
}

/// The shortest path equal to `path`, as Go's `path.Clean`, except that nothing is empty and not `.`.
fn shortest(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            name => kept.push(name),
        }
    }
    let joined = kept.join("/");
    if rooted { format!("/{joined}") } else { joined }
}

/// `name` in `directory`, as Go's `path.Join`.
pub(super) fn join(directory: &str, name: &str) -> String {
    match (directory, name) {
        ("", name) => shortest(name),
        (directory, name) => shortest(&format!("{directory}/{name}")),
    }
}

/// Directory, with its `/`, and name.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |slash| slash + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_path_neither_climbs_nor_doubles_back() {
        for (template, path) in [
            ("", ""),
            (".", ""),
            ("./", ""),
            ("..", ""),
            ("../..", ""),
            ("../../a", "a"),
            ("a/..", ""),
            ("a/../../b/", "b/"),
            ("a//b/./c", "a/b/c"),
            ("/", "//"),
            ("/../a", "/a"),
            ("..a", "..a"),
        ] {
            assert_eq!(clean(template), path, "{template:?}");
        }
    }

    #[test]
    fn what_is_split_joins_again() {
        assert_eq!(split("a/b/c"), ("a/b/", "c"));
        assert_eq!(split("c"), ("", "c"));
        assert_eq!(split("a/"), ("a/", ""));
        assert_eq!(join("a/b/", "c"), "a/b/c");
        assert_eq!(join("", "c"), "c");
        assert_eq!(join("/", "c"), "/c");
        assert_eq!(join("c1/", "/c2/f"), "c1/c2/f");
    }
}
