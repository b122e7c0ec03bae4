// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// The least of a token that an account must hold, in the token's base units.
struct LeastBalance {
    address token;
    address account;
    uint256 least;
}

/// The least health factor that an account must have at a lending pool, where 10**18 is one.
struct LeastHealth {
    address pool;
    address account;
    uint256 least;
}

interface Token {
    function balanceOf(address account) external view returns (uint256);
}

interface LendingPool {
    function getUserAccountData(address account)
        external
        view
        returns (
            uint256 collateral,
            uint256 debt,
            uint256 availableBorrows,
            uint256 liquidationThreshold,
            uint256 loanToValue,
            uint256 healthFactor
        );
}

/// The last call of a batch: it returns where the plan's bounds hold and reverts where one does not,
/// and with it the whole batch. It keeps nothing, owns nothing and takes nothing.
contract PlanCheck {
    /// The batch is mined after its deadline.
    error Late(uint256 timestamp, uint256 deadline);
    /// An account holds less of a token than its bound.
    error BalanceTooLow(address token, address account, uint256 balance, uint256 least);
    /// An account is nearer to liquidation than its bound.
    error HealthTooLow(address pool, address account, uint256 healthFactor, uint256 least);
    /// What a bound asks about an account has no code, reverts, or answers too little.
    error Unanswered(address asked, address account);

    /// Reverts unless the moment, every balance and every health factor keep their bounds. They are
    /// looked at in this order, and the first that does not is told.
    function check(uint256 deadline, LeastBalance[] calldata balances, LeastHealth[] calldata healths) external view {
        // A miner can shift the timestamp by seconds, and a deadline is minutes away.
        // slither-disable-next-line timestamp
        if (block.timestamp > deadline) revert Late(block.timestamp, deadline);
        for (uint256 i = 0; i < balances.length; ++i) {
            LeastBalance calldata bound = balances[i];
            uint256 balance = _balance(bound.token, bound.account);
            if (balance < bound.least) revert BalanceTooLow(bound.token, bound.account, balance, bound.least);
        }
        for (uint256 i = 0; i < healths.length; ++i) {
            LeastHealth calldata bound = healths[i];
            uint256 health = _healthFactor(bound.pool, bound.account);
            if (health < bound.least) revert HealthTooLow(bound.pool, bound.account, health, bound.least);
        }
    }

    function _balance(address token, address account) private view returns (uint256) {
        bytes memory answer = _answer(token, account, abi.encodeCall(Token.balanceOf, (account)), 32);
        return abi.decode(answer, (uint256));
    }

    function _healthFactor(address pool, address account) private view returns (uint256 healthFactor) {
        bytes memory question = abi.encodeCall(LendingPool.getUserAccountData, (account));
        bytes memory answer = _answer(pool, account, question, 192);
        (,,,,, healthFactor) = abi.decode(answer, (uint256, uint256, uint256, uint256, uint256, uint256));
    }

    /// At least `size` bytes of answer. An address without code is asked nothing: the call would
    /// succeed, and a precompiled contract would even answer.
    function _answer(address asked, address account, bytes memory question, uint256 size)
        private
        view
        returns (bytes memory)
    {
        if (asked.code.length == 0) revert Unanswered(asked, account);
        // A compiled call would pass an asked contract's own revert on, and that may be a forged error
        // of ours. One that burns the gas makes the batch revert, as any bound that is not kept.
        // slither-disable-next-line low-level-calls,calls-loop
        (bool answered, bytes memory answer) = asked.staticcall(question);
        if (!answered || answer.length < size) revert Unanswered(asked, account);
        return answer;
    }
}
