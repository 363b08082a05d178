use crate::NameError;
use crate::secret_id::Beginnings;

/// The label with the organization; stamped by Flyte v2 only.
pub const ORGANIZATION_LABEL: &str = "organization";
/// The label with the domain.
pub const DOMAIN_LABEL: &str = "domain";
/// The label with the project.
pub const PROJECT_LABEL: &str = "project";

/// Where a task runs: the three names that its secrets are looked up by. None of them is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    organization: String,
    domain: String,
    project: String,
    beginnings: Beginnings,
}

impl Scope {
    /// A scope of three names.
    ///
    /// # Errors
    /// One of them is empty.
    pub fn new(organization: &str, domain: &str, project: &str) -> Result<Self, NameError> {
        for (name, label) in [(organization, ORGANIZATION_LABEL), (domain, DOMAIN_LABEL), (project, PROJECT_LABEL)] {
            if name.is_empty() {
                return Err(NameError::MissingLabel { label });
            }
        }
        let beginnings = Beginnings::new(organization, domain, project);
        let (organization, domain, project) = (organization.to_owned(), domain.to_owned(), project.to_owned());
        Ok(Self { organization, domain, project, beginnings })
    }

    /// The scope in a pod's labels. Flyte v1 stamps no organization: `default_organization` stands in for it.
    ///
    /// # Errors
    /// A label is missing or empty.
    pub fn from_labels<'a>(
        label: impl Fn(&str) -> Option<&'a str>,
        default_organization: Option<&'a str>,
    ) -> Result<Self, NameError> {
        let organization = label(ORGANIZATION_LABEL).filter(|name| !name.is_empty()).or(default_organization);
        Self::new(
            organization.unwrap_or_default(),
            label(DOMAIN_LABEL).unwrap_or_default(),
            label(PROJECT_LABEL).unwrap_or_default(),
        )
    }

    /// The organization.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// The domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    pub(crate) fn beginnings(&self) -> &Beginnings {
        &self.beginnings
    }

    /// The project.
    pub fn project(&self) -> &str {
        &self.project
    }
}

/// How widely a secret is shared, from the most specific to the broadest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopeLevel {
    /// One project in one domain.
    Project,
    /// All projects of a domain.
    Domain,
    /// The whole organization.
    Organization,
}

impl ScopeLevel {
    /// In look-up order.
    pub const ALL: [Self; 3] = [Self::Project, Self::Domain, Self::Organization];

    /// The name in messages and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Domain => "domain",
            Self::Organization => "organization",
        }
    }
}

impl std::fmt::Display for ScopeLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
