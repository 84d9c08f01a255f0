-- The health of an ApplicationConfiguration for Argo CD; see docs/gitops.md.
local application = obj
local status = application.status or {}

local function health(state, message)
  return {status = state, message = message or ""}
end

if application.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "its objects are being deleted")
end
if (status.observedGeneration or 0) < (application.metadata.generation or 0) then
  return health("Progressing", "the controller has not processed this version yet")
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local function is(name, value)
  return conditions[name] ~= nil and conditions[name].status == value
end

if is("Paused", "True") then
  return health("Suspended", conditions.Paused.message)
end
if is("Valid", "False") then
  return health("Degraded", conditions.Valid.message)
end
if is("Replaced", "False") then
  return health("Degraded", conditions.Replaced.message)
end
if is("Ready", "True") then
  return health("Healthy", conditions.Ready.message)
end

-- reasons that end without an action of a person
local passing = {Held = true, Replacing = true, Waiting = true, TooManyRequests = true, Unreachable = true}
if is("Synced", "False") and not passing[conditions.Synced.reason] then
  return health("Degraded", conditions.Synced.message)
end
for _, instance in ipairs(status.instances or {}) do
  if instance.state == "failed" then
    return health("Degraded", instance.name .. ": " .. (instance.message or instance.reason))
  end
  for _, trait in ipairs(instance.traits or {}) do
    if trait.state == "failed" then
      local cause = trait.message or trait.reason
      return health("Degraded", instance.name .. ": trait " .. trait.name .. ": " .. cause)
    end
  end
end
return health("Progressing", conditions.Ready and conditions.Ready.message)
