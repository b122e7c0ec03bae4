// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {LeastBalance, LeastHealth, PlanCheck} from "../PlanCheck.sol";
import {Answering, Manner} from "./Answering.sol";
import {vm} from "./Vm.sol";

/// For every moment, deadline, account, value and bound, with none to three bounds of a kind: the check
/// passes exactly the plans of which every bound is answered and kept. Proved by halmos.
contract PlanCheckProof {
    // Manners beyond those of `Answering`: no code at all, and no code that answers all the same, with the
    // question, since the contract at 4 is precompiled.
    uint8 private constant MISSING = 3;
    uint8 private constant PRECOMPILED = 4;

    PlanCheck private _check;
    Answering[3] private _tokens;
    Answering[3] private _pools;

    /// What the bounds of a plan find, one entry for each.
    struct Found {
        address[3] accounts;
        uint256[3] values;
        uint256[3] leasts;
        uint8[3] manners;
    }

    function setUp() public {
        _check = new PlanCheck();
        for (uint256 i = 0; i < 3; ++i) {
            _tokens[i] = new Answering();
            _pools[i] = new Answering();
        }
    }

    function check_balances_noneToThree(uint8 count, uint256 timestamp, uint256 deadline, Found memory found) public {
        vm.warp(timestamp);
        for (uint256 n = 0; n <= 3; ++n) {
            if (count != n) continue;
            LeastBalance[] memory balances = new LeastBalance[](n);
            bool kept = timestamp <= deadline;
            for (uint256 i = 0; i < n; ++i) {
                address token = _stage(_tokens[i], found, i);
                balances[i] = LeastBalance(token, found.accounts[i], found.leasts[i]);
                kept = kept && _isKept(found, i);
            }
            assert(_passes(deadline, balances, new LeastHealth[](0)) == kept);
        }
    }

    function check_healths_noneToThree(uint8 count, uint256 timestamp, uint256 deadline, Found memory found) public {
        vm.warp(timestamp);
        for (uint256 n = 0; n <= 3; ++n) {
            if (count != n) continue;
            LeastHealth[] memory healths = new LeastHealth[](n);
            bool kept = timestamp <= deadline;
            for (uint256 i = 0; i < n; ++i) {
                address pool = _stage(_pools[i], found, i);
                healths[i] = LeastHealth(pool, found.accounts[i], found.leasts[i]);
                kept = kept && _isKept(found, i);
            }
            assert(_passes(deadline, new LeastBalance[](0), healths) == kept);
        }
    }

    function check_balancesAndHealths_together(
        uint8 tokens,
        uint8 pools,
        uint256 timestamp,
        uint256 deadline,
        Found memory held,
        Found memory owed
    ) public {
        vm.warp(timestamp);
        for (uint256 n = 0; n <= 3; ++n) {
            for (uint256 m = 0; m <= 3; ++m) {
                if (tokens == n && pools == m) _together(n, m, timestamp, deadline, held, owed);
            }
        }
    }

    /// Everything answers here: what does not is proved for either kind alone.
    function _together(uint256 n, uint256 m, uint256 timestamp, uint256 deadline, Found memory held, Found memory owed)
        private
    {
        bool kept = timestamp <= deadline;
        LeastBalance[] memory balances = new LeastBalance[](n);
        for (uint256 i = 0; i < n; ++i) {
            _tokens[i].set(held.accounts[i], held.values[i], Manner.Honest);
            balances[i] = LeastBalance(address(_tokens[i]), held.accounts[i], held.leasts[i]);
            kept = kept && held.values[i] >= held.leasts[i];
        }
        LeastHealth[] memory healths = new LeastHealth[](m);
        for (uint256 i = 0; i < m; ++i) {
            _pools[i].set(owed.accounts[i], owed.values[i], Manner.Honest);
            healths[i] = LeastHealth(address(_pools[i]), owed.accounts[i], owed.leasts[i]);
            kept = kept && owed.values[i] >= owed.leasts[i];
        }
        assert(_passes(deadline, balances, healths) == kept);
    }

    function _stage(Answering asked, Found memory found, uint256 i) private returns (address) {
        uint8 manner = found.manners[i];
        if (manner == MISSING) return address(0xdead);
        if (manner == PRECOMPILED) return address(4);
        vm.assume(manner < MISSING);
        asked.set(found.accounts[i], found.values[i], Manner(manner));
        return address(asked);
    }

    function _isKept(Found memory found, uint256 i) private pure returns (bool) {
        return found.manners[i] == uint8(Manner.Honest) && found.values[i] >= found.leasts[i];
    }

    function _passes(uint256 deadline, LeastBalance[] memory balances, LeastHealth[] memory healths)
        private
        view
        returns (bool passed)
    {
        (passed,) = address(_check).staticcall(abi.encodeCall(PlanCheck.check, (deadline, balances, healths)));
    }
}
